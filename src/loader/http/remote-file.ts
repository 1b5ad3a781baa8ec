import { abortError, DownloadFailed } from '../../core/errors'
import { FileChanged, type FileVersion, type OpenedFiles } from '../sources/opened-files'
import type { ByteStream } from '../sources/source'
import { isHttp, shownUrl, withoutAddresses } from './address'
import { fetchFrom } from './follow'
import { DEFAULT_RETRY, Patience, type RetryPolicy, TransientFailure } from './retry'

export interface RemoteFileOptions {
  /** Options of `fetch` for every request. */
  readonly init?: RequestInit
  /** Length of the whole file, where it is known beforehand. */
  readonly bytes?: number
  /** Holds all answers to one version. Absent where a checksum tells more: mirrors' ETags differ. */
  readonly opened?: OpenedFiles
  readonly retry?: RetryPolicy
  /** Says what to do about a refusal (401, 403, 404 …), for the error. */
  readonly explain?: (response: Response) => string
}

export const TRANSIENT_STATUS: readonly number[] = [408, 425, 429, 500, 502, 503, 504]

/** Addresses of files that have changed: the browser's own cache may have the old version, so the next request goes past it. */
const CHANGED = new Set<string>()

/** A file on a server that may be slow, busy, or drop connections; read in ranges where the server can. */
export class RemoteFile {
  /**
   * False once the server has answered a range with the whole file, and on schemes of apps and extensions: browsers answer a range
   * there with the remainder, and call it the whole.
   */
  takesRanges: boolean
  /** Length of the whole file, once it is known. */
  #bytes: number | undefined
  /** The URL as people may see it. */
  readonly #place: string

  constructor(
    readonly url: URL,
    readonly options: RemoteFileOptions = {},
  ) {
    this.takesRanges = isHttp(url)
    this.#bytes = options.bytes
    this.#place = shownUrl(url)
  }

  /** Starts reading at byte `begin`; rejects here if the server refuses. */
  async open(begin: number, signal?: AbortSignal): Promise<ByteStream> {
    const cancelled = new AbortController()
    const chunks = this.read(begin, this.#bytes ?? Infinity, either(signal, cancelled.signal))
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
   * Bytes [begin, end), in order, in chunks as they arrive; an infinite `end` is where the server ends. A connection that
   * broke off is made again, from the byte where it did.
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
        const last = Math.min(end, this.#bytes ?? Infinity)
        if (position >= last || last === Infinity) return
        throw this.#broken(`ended at byte ${position} of ${last}`)
      } catch (failure) {
        await patience.endure(failure)
      }
    }
  }

  /** The part of bytes [begin, end) that one connection gives. */
  async *#connect(begin: number, end: number, signal?: AbortSignal): AsyncGenerator<Uint8Array<ArrayBuffer>, void> {
    const { stallMs } = this.options.retry ?? DEFAULT_RETRY
    const stalled = new AbortController()
    // The time that our caller takes does not count. Raced, since Node 20's fetch may lose its signal to the garbage collector.
    const inTime = async <T>(work: Promise<T>): Promise<T> => {
      const timer = setTimeout(() => stalled.abort(), stallMs)
      return unlessAborted(work, stalled.signal, signal).finally(() => clearTimeout(timer))
    }
    try {
      const response = await inTime(this.#request(begin, end, either(signal, stalled.signal)))
      const isRange = response.status === 206
      const last = Math.min(end, this.#bytes ?? Infinity)
      const endsHere = isRange || last === this.#bytes
      let position = isRange ? begin : 0
      const reader = response.body?.getReader()
      try {
        for (;;) {
          const chunk = reader && (await inTime(reader.read()))
          if (!chunk || chunk.done) return
          const from = Math.max(0, begin - position)
          position += chunk.value.length
          if (endsHere && position > last) throw this.#broken(`goes on after byte ${last}, where it must end`)
          const part = chunk.value.subarray(from, chunk.value.length - Math.max(0, position - last))
          if (part.length > 0) yield part
          if (!endsHere && position >= last) return
        }
      } finally {
        // rejects with what `read` has rejected with
        void reader?.cancel().catch(() => undefined)
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
    const cache = init?.cache ?? (CHANGED.delete(this.url.href) ? 'reload' : undefined)
    const response = await fetchFrom(this.url, { ...init, headers, cache, signal }).catch(error => {
      throw this.#unanswered(error)
    })
    try {
      const isBehindEnd = response.status === 416 && end === Infinity
      if (!isBehindEnd) this.#checkStatus(response, begin)
      this.#checkSame(response, begin)
      if (isBehindEnd) return new Response(null, { status: 206 })
    } catch (error) {
      await response.body?.cancel()
      throw error
    }
    if (isRange && response.status !== 206) this.takesRanges = false
    return response
  }

  #unanswered(error: unknown): Error {
    if (error instanceof DownloadFailed) return error
    const cause = withoutAddresses(error)
    if (isHttp(this.url)) {
      return this.#broken('got no answer: the server is unreachable or refuses this origin (CORS)', cause)
    }
    // no network in between: an app or extension has the file or not
    const message = `GET ${this.#place} found nothing: there is no such file, or this page may not read it.`
    return new DownloadFailed(message, { cause, status: 404 })
  }

  #checkStatus(response: Response, begin: number): void {
    const { status } = response
    if (TRANSIENT_STATUS.includes(status)) {
      throw this.#broken(`answered HTTP ${status}`, undefined, { status, retryAfterMs: retryAfterMs(response) })
    }
    if (status === 416) throw new FileChanged(`${this.#place} ends before byte ${begin}. Load it again.`)
    // Development servers answer unknown paths with the app's page and status 200; no model file is HTML.
    const isFallbackPage = response.ok && response.headers.get('content-type')?.startsWith('text/html')
    // some schemes have no status
    const isFound = status === 200 || status === 206 || (status === 0 && !isHttp(this.url))
    if (isFallbackPage || !isFound) {
      const hint = this.options.explain?.(response)
      throw new DownloadFailed(`GET ${this.#place} answered HTTP ${status}${hint ? `: ${hint}` : '.'}`, {
        status: isFallbackPage ? 404 : status,
      })
    }
  }

  /** Checks that the answer is of the bytes asked for, and of the file that we know. */
  #checkSame(response: Response, begin: number): void {
    const [, first] = /^bytes (\d+)-/.exec(response.headers.get('content-range') ?? '') ?? []
    if (response.status === 206 && first !== undefined && Number(first) !== begin) {
      throw this.#broken(`answered from byte ${first} on, not from byte ${begin}`)
    }
    const { bytes } = this.options
    const version = versionOf(response)
    if (bytes !== undefined && (version.bytes ?? bytes) !== bytes) {
      throw new FileChanged(`${this.#place} has ${version.bytes} bytes, not ${bytes}. Load it again.`)
    }
    try {
      this.options.opened?.hold(this.#place, version)
    } catch (error) {
      CHANGED.add(this.url.href)
      throw error
    }
    this.#bytes ??= version.bytes
  }

  #broken(what: string, cause?: unknown, more: { status?: number; retryAfterMs?: number } = {}): TransientFailure {
    return new TransientFailure(`GET ${this.#place} ${what}`, { cause, ...more })
  }
}

/** The version of the file that an answer tells of; headers that a server does not show to other origins are absent. */
function versionOf({ status, type, headers }: Response): FileVersion {
  const [, total] = /^bytes (?:\d+-\d+|\*)\/(\d+)$/.exec(headers.get('content-range') ?? '') ?? []
  if (status === 416) return { bytes: total === undefined ? undefined : Number(total) }
  // of a compressed answer it is the compressed length, and other origins do not show that there is a coding
  const isPlain = status === 200 && type === 'basic' && !headers.has('content-encoding')
  const length = total ?? (isPlain ? headers.get('content-length') : undefined) ?? undefined
  return {
    bytes: length === undefined ? undefined : Number(length),
    etag: headers.get('etag') ?? undefined,
    modified: headers.get('last-modified') ?? undefined,
  }
}

/** The value that `work` gives; or, as soon as a signal aborts, a rejection with its reason. */
function unlessAborted<T>(work: Promise<T>, ...signals: readonly (AbortSignal | undefined)[]): Promise<T> {
  return new Promise((resolve, reject) => {
    const done = new AbortController()
    for (const signal of signals) {
      if (signal?.aborted) reject(signal.reason)
      signal?.addEventListener('abort', () => reject(signal.reason), { signal: done.signal })
    }
    work.finally(() => done.abort()).then(resolve, reject)
  })
}

/** A signal that aborts when either does. */
function either(signal: AbortSignal | undefined, own: AbortSignal): AbortSignal {
  return signal ? AbortSignal.any([signal, own]) : own
}

/** Milliseconds that a server asks to wait: its header has seconds, or a date. */
function retryAfterMs(response: Response): number | undefined {
  const value = response.headers.get('retry-after')
  if (!value) return undefined
  const ms = /^\d+$/.test(value) ? Number(value) * 1000 : Date.parse(value) - Date.now()
  return Number.isFinite(ms) ? ms : undefined
}
