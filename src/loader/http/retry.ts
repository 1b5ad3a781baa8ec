import { abortError, DownloadFailed } from '../../core/errors'

/** Rules by which requests that fail are repeated. */
export interface RetryPolicy {
  /** Failures in a row that end it; every byte that arrives starts the count again. */
  readonly tries: number
  /** Wait before the second try; twice as long before each further one. */
  readonly delayMs: number
  readonly maxDelayMs: number
  /** Silence after which a connection counts as dropped. */
  readonly stallMs: number
}

export const DEFAULT_RETRY: RetryPolicy = { tries: 5, delayMs: 250, maxDelayMs: 30_000, stallMs: 30_000 }

/** A failure that may pass: no answer, a dropped connection, a busy server. */
export class TransientFailure extends Error {
  constructor(
    message: string,
    readonly options: { readonly status?: number; readonly retryAfterMs?: number; readonly cause?: unknown } = {},
  ) {
    super(message, options)
  }
}

/** Counts failures of one download and waits between tries: exponential back-off with jitter. */
export class Patience {
  #failures = 0

  constructor(
    readonly policy: RetryPolicy,
    readonly signal: AbortSignal | undefined,
  ) {}

  /** Starts the count anew, since something arrived. */
  renew(): void {
    this.#failures = 0
  }

  /** Waits before the next try. Throws a failure that does not pass as it is, and `DownloadFailed` after the last try. */
  async endure(failure: unknown): Promise<void> {
    if (this.signal?.aborted) throw abortError(this.signal)
    if (!(failure instanceof TransientFailure)) throw failure
    const { tries, delayMs, maxDelayMs } = this.policy
    const { status, cause, retryAfterMs } = failure.options
    this.#failures += 1
    if (this.#failures >= tries) {
      const times = tries === 1 ? '' : ` (tried ${tries} times)`
      throw new DownloadFailed(`${failure.message}${times}.`, { cause, status })
    }
    // half of it by chance, so that clients which failed together do not come back together
    const backOffMs = Math.min(maxDelayMs, delayMs * 2 ** (this.#failures - 1)) * (0.5 + Math.random() / 2)
    await delay(Math.min(maxDelayMs, Math.max(backOffMs, retryAfterMs ?? 0)), this.signal)
  }
}

/** Resolves after `ms`, or rejects with the signal's reason as soon as it aborts. */
function delay(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', onAbort)
      resolve()
    }, ms)
    function onAbort(): void {
      clearTimeout(timer)
      reject(abortError(signal))
    }
    signal?.addEventListener('abort', onAbort, { once: true })
  })
}
