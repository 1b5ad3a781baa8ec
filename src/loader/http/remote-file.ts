import { abortError, DownloadFailed } from '../../core/errors'
import type { ByteStream } from '../source'
import { DEFAULT_RETRY, Patience, type RetryPolicy, TransientFailure } from './retry'

export interface RemoteFileOptions {
  /** Goes with every request. */
  readonly init?: RequestInit
  /** Of the whole file, where it is known beforehand. */
  readonly bytes?: number
  /** Answers with another ETag are `DownloadFailed`. Off where a checksum tells more: mirrors' ETags differ. */
  readonly checkEtag?: boolean
  readonly retry?: RetryPolicy
  /** What to do about a refusal (401, 403, 404 …), for its error. */
  readonly explain?: (response: Response) => string
}

export const TRANSIENT_STATUS: readonly number[] = [408, 425, 429, 500, 502, 503, 504]

/** The server has another file than the one we know. */
export class FileChanged extends DownloadFailed {}

/** A file on a server that may be slow, busy, or drop connections; read in ranges where the server can. */
export class RemoteFile {
  /** False once the server has answered a range with the whole file. */
  takesRanges = true
  #etag: string | undefined

  constructor(
    readonly url: URL,
    readonly options: RemoteFileOptions = {},
  ) {}

  /** The URL for people: what is behind the path may be a key. */
  get #place(): string {
    return `${this.url.origin}${this.url.pathname}`
  }

  /** Starts reading at byte `begin`; rejects here if the server refuses. */
  async open(begin: number, signal?: AbortSignal): Promise<ByteStream> {
    const cancelled = new AbortController()
    const chunks = this.read(begin, this.options.bytes ?? Infinity, either(signal, cancelled.signal))
    let next: Promise<IteratorResult<Uint8Array<ArrayBuffer>>> | undefined = Promise.resolve(await chunks.next())
    return new ReadableStream({
      async pull(controller) {
        const { done, value } = await (next ?? chunks.next())
        next = undefined
        if (done) controller.close()
        else controller.enqueue(value)
      },
      async cancel(reason) {
        cancelled.abort(reason)
        await chunks.return(undefined)
      },
    })
  }

  /**
   * Bytes [begin, end), in order, in chunks as they arrive; an infinite `end` is where the server ends. What broke off
   * goes on where it did.
   */
  async *read(begin: number, end: number, signal?: AbortSignal): AsyncGenerator<Uint8Array<ArrayBuffer>, void> {
    const patience = new Patience(this.options.retry ?? DEFAULT_RETRY, signal)
    for (let position = begin; position < end; ) {
      try {
        for await (const chunk of this.#connect(position, end, signal)) {
          position += chunk.length
          patience.renew()
          yield chunk
        }
        if (end === Infinity) return
        if (position < end) throw this.#broken(`ended at byte ${position} of ${end}`)
      } catch (failure) {
        await patience.endure(failure)
      }
    }
  }

  /** One connection: what it gives of bytes [begin, end). */
  async *#connect(begin: number, end: number, signal?: AbortSignal): AsyncGenerator<Uint8Array<ArrayBuffer>, void> {
    const { stallMs } = this.options.retry ?? DEFAULT_RETRY
    const stalled = new AbortController()
    // the time that our caller takes does not count
    const inTime = async <T>(work: Promise<T>): Promise<T> => {
      const timer = setTimeout(() => stalled.abort(), stallMs)
      return work.finally(() => clearTimeout(timer))
    }
    try {
      const response = await inTime(this.#request(begin, end, either(signal, stalled.signal)))
      const isRange = response.status === 206
      const endsHere = isRange || end === this.options.bytes
      let position = isRange ? begin : 0
      const reader = response.body?.getReader()
      try {
        for (;;) {
          const chunk = reader && (await inTime(reader.read()))
          if (!chunk || chunk.done) return
          const from = Math.max(0, begin - position)
          position += chunk.value.length
          if (endsHere && position > end) throw this.#broken(`goes on after byte ${end}, where it must end`)
          const part = chunk.value.subarray(from, chunk.value.length - Math.max(0, position - end))
          if (part.length > 0) yield part
          if (!endsHere && position >= end) return
        }
      } finally {
        // rejects with what `read` has rejected with
        await reader?.cancel().catch(() => undefined)
      }
    } catch (cause) {
      if (signal?.aborted) throw abortError(signal)
      if (stalled.signal.aborted) throw this.#broken(`sent nothing for ${stallMs / 1000} s`, cause)
      if (cause instanceof TransientFailure || cause instanceof DownloadFailed) throw cause
      throw this.#broken('broke off', cause)
    }
  }

  async #request(begin: number, end: number, signal: AbortSignal): Promise<Response> {
    const { init } = this.options
    const headers = new Headers(init?.headers)
    const isRange = this.takesRanges && (begin > 0 || end < Infinity)
    if (isRange) headers.set('range', `bytes=${begin}-${end < Infinity ? end - 1 : ''}`)
    const response = await fetch(this.url, { ...init, headers, signal }).catch(cause => {
      throw this.#broken('got no answer: the server is unreachable or refuses this origin (CORS)', cause)
    })
    try {
      if (response.status === 416 && end === Infinity) return new Response(null, { status: 206 })
      this.#checkStatus(response, begin)
      this.#checkSame(response, begin)
    } catch (error) {
      await response.body?.cancel()
      throw error
    }
    if (isRange && response.status !== 206) this.takesRanges = false
    return response
  }

  #checkStatus(response: Response, begin: number): void {
    const { status } = response
    if (TRANSIENT_STATUS.includes(status)) {
      throw this.#broken(`answered HTTP ${status}`, undefined, { status, retryAfterMs: retryAfterMs(response) })
    }
    // Development servers answer unknown paths with the app's page and status 200; no model file is HTML.
    const isFallbackPage = response.ok && response.headers.get('content-type')?.startsWith('text/html')
    if (status === 416) throw this.#changed(`ends before byte ${begin}`)
    if (isFallbackPage || (status !== 200 && status !== 206)) {
      const hint = this.options.explain?.(response)
      throw new DownloadFailed(`GET ${this.#place} answered HTTP ${status}${hint ? `: ${hint}` : '.'}`, {
        status: isFallbackPage ? 404 : status,
      })
    }
  }

  /** The answer is of the file that we know. Headers that the server does not show to other origins are absent. */
  #checkSame({ headers, status }: Response, begin: number): void {
    const { bytes, checkEtag } = this.options
    const [, first, total] = /^bytes (\d+)-\d+\/(\d+)$/.exec(headers.get('content-range') ?? '') ?? []
    if (status === 206 && first !== undefined) {
      if (Number(first) !== begin) throw this.#broken(`answered from byte ${first} on, not from byte ${begin}`)
      if (bytes !== undefined && Number(total) !== bytes) throw this.#changed(`has ${total} bytes, not ${bytes}`)
    }
    const etag = headers.get('etag')
    if (!etag || !checkEtag) return
    this.#etag ??= etag
    if (etag !== this.#etag) throw this.#changed('has changed meanwhile')
  }

  #changed(how: string): FileChanged {
    this.#etag = undefined
    return new FileChanged(`${this.#place} ${how}. Load it again.`)
  }

  #broken(what: string, cause?: unknown, more: { status?: number; retryAfterMs?: number } = {}): TransientFailure {
    return new TransientFailure(`GET ${this.#place} ${what}`, { cause, ...more })
  }
}

/** Aborts when either does. */
function either(signal: AbortSignal | undefined, own: AbortSignal): AbortSignal {
  return signal ? AbortSignal.any([signal, own]) : own
}

/** Seconds or a date, as HTTP has it. */
function retryAfterMs(response: Response): number | undefined {
  const value = response.headers.get('retry-after')
  if (!value) return undefined
  const ms = /^\d+$/.test(value) ? Number(value) * 1000 : Date.parse(value) - Date.now()
  return Number.isFinite(ms) ? ms : undefined
}
