import { abortError, InvalidRequest, WorkerFailed } from '../core/errors'
import { fromPlainError } from '../core/plain-error'
import type { PlanOptions } from '../engine/interface'
import { untilItThrows } from '../engine/until-it-throws'
import type { About, CallMessage, HostMessage, Order } from './protocol'

/** Whoever waits for messages about a call. */
export interface Receiver {
  receive(message: CallMessage): void
  /** No message will come any more. */
  fail(error: Error): void
}

/** Told of what concerns no call. */
export interface LinkEvents {
  readonly onProgress?: (message: Extract<HostMessage, { type: 'progress' }>['progress']) => void
  readonly onAbout: (about: About) => void
  /** The device is, or with `WorkerFailed` the host. */
  readonly onLost: (error: Error) => void
}

const UNREADABLE = "A message of the engine's worker cannot be read."

/** The page's end of a port to a host: orders with numbers go out, and messages find whoever waits for them. */
export class Link {
  /** Resolves with the host's first message: the lock that it holds while it lives, if there are locks. */
  readonly ready: Promise<string | undefined>
  readonly #port: MessagePort
  readonly #receivers = new Map<number, Receiver>()
  #numCalls = 0
  /** The call that the host knows the next order to be of, should it not be readable. */
  #next: number | undefined
  #failure: Error | undefined

  constructor(port: MessagePort, events: LinkEvents) {
    this.#port = port
    // of whatever call it was
    port.addEventListener('messageerror', () => events.onLost(new WorkerFailed(UNREADABLE)))
    this.ready = new Promise(resolve => {
      port.onmessage = ({ data }: MessageEvent<HostMessage>) => {
        if (data.type === 'ready') resolve(data.lock)
        else if (data.type === 'progress') events.onProgress?.(data.progress)
        else if (data.type === 'about') events.onAbout(data.about)
        else if (data.type === 'lost') events.onLost(fromPlainError(data.error))
        else this.#receivers.get(data.call)?.receive(data)
      }
    })
  }

  /** Why nothing will come any more. */
  get failure(): Error | undefined {
    return this.#failure
  }

  /** The number of a new call, whose messages go to `receiver` until it is forgotten. */
  begin(receiver: Receiver): number {
    const call = this.#numCalls++
    this.#receivers.set(call, receiver)
    return call
  }

  forget(call: number): void {
    this.#receivers.delete(call)
  }

  /** Nothing more of this call is wanted. */
  leave(call: number): void {
    if (!this.#receivers.delete(call)) return
    this.post({ type: 'leave', call })
  }

  /** @throws InvalidRequest for what cannot be sent: a function, say */
  post(order: Order): void {
    if (this.#failure) return
    const { type, call } = order
    // these are many, and numbers
    if (call !== undefined && call !== this.#next && type !== 'heard' && type !== 'read') {
      this.#next = call
      this.#port.postMessage({ type: 'next', call } satisfies Order)
    }
    try {
      this.#port.postMessage(order)
    } catch (cause) {
      throw new InvalidRequest(`A worker cannot be sent this: ${String(cause)}`, { cause })
    }
  }

  /**
   * The answer to what `send` sends for the call that it is given. Aborting rejects with the signal's reason, at once.
   * @throws what `send` throws, the host's error, and what the link failed with
   */
  ask(
    send: (call: number) => void | Promise<void>,
    signal?: AbortSignal,
    onProgress?: PlanOptions['onProgress'],
  ): Promise<unknown> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(abortError(signal))
      if (this.#failure) return reject(this.#failure)
      const tell = onProgress && untilItThrows(onProgress, error => giveUp(error))
      const call = this.begin({
        receive: message => {
          if (message.type === 'reading') return tell?.(message.progress)
          if (message.type === 'answer') resolve(message.value)
          else if (message.type === 'end' && message.error) reject(fromPlainError(message.error))
          settle()
        },
        fail: error => giveUp(error),
      })
      const settle = () => {
        this.forget(call)
        signal?.removeEventListener('abort', onAbort)
      }
      const giveUp = (error: unknown) => {
        this.leave(call)
        settle()
        reject(error)
      }
      const onAbort = () => giveUp(abortError(signal))
      signal?.addEventListener('abort', onAbort)
      const sent = (async () => send(call))()
      sent.catch(giveUp)
    })
  }

  /** Nothing comes any more: everybody who waits is told. */
  fail(error: Error): void {
    if (this.#failure) return
    this.#failure = error
    this.#port.close()
    const receivers = [...this.#receivers.values()]
    this.#receivers.clear()
    for (const receiver of receivers) receiver.fail(error)
  }
}
