import { abortError } from '../core/errors'
import { isJsonObject, type JsonObject } from '../core/json'
import type { RemoteServer } from './job-options'

/** The server cannot be reached, or does not answer as one of OpenAI's API does, or refuses the key. */
export class RemoteFailed extends Error {
  override name = 'RemoteFailed'
}

/** The server wants a key, or another. */
export class KeyRefused extends RemoteFailed {}

/** Rules by which requests are repeated. */
export interface RemotePolicy {
  /** Of each request. */
  readonly tries: number
  /** Wait before the second try, about; twice as long before each further one. */
  readonly delayMs: number
  /** The longest wait, whatever the server asks for. */
  readonly maxDelayMs: number
  /** Wait for an answer. */
  readonly timeoutMs: number
}

export const REMOTE_POLICY: RemotePolicy = { tries: 6, delayMs: 500, maxDelayMs: 120_000, timeoutMs: 290_000 }

/** An answer for good: the request's, or why it is refused. */
export interface RemoteAnswer {
  readonly status: number
  readonly body: JsonObject
  readonly requestId: string | undefined
}

/** Statuses that pass: what else is 4xx is the request's own fault. */
const PASSING = new Set([408, 409, 425, 429])

/** A try that failed in a way that may pass. */
class Passing extends Error {
  constructor(
    message: string,
    readonly retryAfterMs = 0,
    options?: ErrorOptions,
  ) {
    super(message, options)
  }
}

/** A server of OpenAI's API. Failures that may pass are repeated, and where it asks to wait, all requests do. */
export class Remote {
  readonly #base: string
  readonly #headers: Record<string, string>
  /** When it may be asked again. */
  #notBefore = 0

  constructor(
    readonly server: RemoteServer,
    readonly policy: RemotePolicy,
    readonly signal: AbortSignal,
  ) {
    const url = new URL(server.url)
    const path = url.pathname.replace(/\/+$/, '')
    this.#base = `${url.origin}${path === '' ? '/v1' : path}`
    this.#headers = { 'content-type': 'application/json' }
    if (server.apiKey !== undefined) this.#headers.authorization = `Bearer ${server.apiKey}`
  }

  /** Its address, as messages may say it: whatever user and password the URL had are not in it. */
  get name(): string {
    return this.#base
  }

  /**
   * @param path below `/v1`
   * @param body JSON to post; none: to get
   * @throws RemoteFailed when every try has failed, or the key is refused · the signal's reason
   */
  async ask(path: string, body?: string): Promise<RemoteAnswer> {
    for (let tried = 1; ; tried++) {
      try {
        await delay(this.#notBefore - Date.now(), this.signal)
        return await this.#try(path, body)
      } catch (error) {
        if (this.signal.aborted) throw abortError(this.signal)
        if (!(error instanceof Passing)) throw error
        if (tried === this.policy.tries) {
          throw new RemoteFailed(`${this.name} ${error.message} (tried ${tried} times).`, { cause: error.cause })
        }
        const { delayMs, maxDelayMs } = this.policy
        // half of it by chance, so that requests which failed together do not come back together
        const backOffMs = delayMs * 2 ** (tried - 1) * (0.5 + Math.random() / 2)
        const waitMs = Math.min(maxDelayMs, error.retryAfterMs)
        // of several that it asked to wait, the longest counts
        if (waitMs > 0) this.#notBefore = Math.max(this.#notBefore, Date.now() + waitMs)
        await delay(Math.min(maxDelayMs, backOffMs), this.signal)
      }
    }
  }

  async #try(path: string, body: string | undefined): Promise<RemoteAnswer> {
    const response = await this.#fetch(path, body)
    const { status, headers } = response
    const text = await response.text().catch(cause => {
      throw new Passing(`has cut off its answer: ${String(cause)}`, 0, { cause })
    })
    const answer = parse(text)
    const said =
      answer === undefined ? `answers ${status} with ${sketch(text)}` : `answers ${status}: ${messageOf(answer)}`
    if (status === 401 || status === 403) {
      throw new KeyRefused(`${this.name} ${said} Give the key with --api-key-env NAME.`)
    }
    const mayPass = (PASSING.has(status) || status >= 500) && headers.get('x-should-retry') !== 'false'
    if (mayPass || (response.ok && answer === undefined)) throw new Passing(said, retryAfterMs(headers))
    if (status >= 500) throw new RemoteFailed(`${this.name} ${said}`)
    return { status, body: answer ?? { error: { message: said } }, requestId: headers.get('x-request-id') ?? undefined }
  }

  async #fetch(path: string, body: string | undefined): Promise<Response> {
    const timeout = AbortSignal.timeout(this.policy.timeoutMs)
    const signal = AbortSignal.any([this.signal, timeout])
    const method = body === undefined ? 'GET' : 'POST'
    try {
      return await fetch(`${this.#base}${path}`, { method, body, headers: this.#headers, signal })
    } catch (cause) {
      if (timeout.aborted) throw new Passing(`has not answered within ${this.policy.timeoutMs / 1000} s`, 0, { cause })
      const reason = cause instanceof Error ? (cause.cause ?? cause) : cause
      throw new Passing(`cannot be reached: ${String(reason)}`, 0, { cause })
    }
  }
}

/** Milliseconds that a server asks to wait, in seconds or by a date; 0 if it asks for nothing. */
export function retryAfterMs(headers: Headers, now = Date.now()): number {
  const value = headers.get('retry-after')?.trim() ?? ''
  if (/^\d+(\.\d+)?$/.test(value)) return Number(value) * 1000
  const date = Date.parse(value)
  return Number.isNaN(date) ? 0 : Math.max(0, date - now)
}

/** What the server says of an error, in any of the forms that there are. */
export function messageOf({ error, message, detail }: JsonObject): string {
  const said = isJsonObject(error) ? error.message : (error ?? message ?? detail)
  return typeof said === 'string' ? said : JSON.stringify(said ?? 'it says nothing')
}

function parse(text: string): JsonObject | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return isJsonObject(value) ? value : undefined
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error
    return undefined
  }
}

function sketch(text: string): string {
  const line = text.replace(/\s+/g, ' ').trim()
  return line === '' ? 'nothing' : `what is no JSON object: ${line.slice(0, 60)}${line.length > 60 ? '…' : ''}`
}

function delay(ms: number, signal: AbortSignal): Promise<void> {
  if (ms <= 0) return Promise.resolve()
  return new Promise((resolve, reject) => {
    const onAbort = () => {
      clearTimeout(timer)
      reject(abortError(signal))
    }
    const timer = setTimeout(() => {
      signal.removeEventListener('abort', onAbort)
      resolve()
    }, ms)
    signal.addEventListener('abort', onAbort, { once: true })
  })
}
