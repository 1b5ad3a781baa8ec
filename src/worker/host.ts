import { abortError, InvalidRequest } from '../core/errors'
import { type PlainError, toPlainError } from '../core/plain-error'
import type { Generation } from '../engine/generation'
import type { Engine, ReadProgress } from '../engine/interface'
import { createEngine } from '../engine/open/create-engine'
import type { Prompt } from '../engine/prompt'
import { holdLock, whenFree } from './life'
import { Outbox } from './outbox'
import type { About, HostMessage, Order } from './protocol'

/** The order of one kind. */
type OrderOf<Type extends Order['type']> = Extract<Order, { readonly type: Type }>

/** A call under way. */
interface Call {
  readonly abort: AbortController
  readonly prompts: Prompt[]
  generation?: Generation
  outbox?: Outbox
  /** Events were handed on. */
  heard?: () => void
}

/** The rest of what a host needs of whoever starts it. */
export interface Serving {
  /** The page is done with the engine. Default: that is disposed. */
  readonly release: (engine: Engine) => void
  /** Aborts when nothing here can be trusted any more. */
  readonly failed?: AbortSignal
}

/** Serves one page over a port: one engine, got by `open` when the page asks, and given back when it is done or gone. */
export function serve(
  port: MessagePort,
  open: typeof createEngine = createEngine,
  serving: Serving = { release: engine => engine.dispose() },
): void {
  new Host(port, open, serving)
}

class Host {
  readonly #port: MessagePort
  readonly #open: typeof createEngine
  readonly #release: Serving['release']
  readonly #calls = new Map<number, Call>()
  /** Calls of which something could not be read: what still comes of them is not for anybody. */
  readonly #unreadable = new Set<number>()
  /** The call that the next order is of, if it cannot be read. */
  #next = -1
  #engine: Engine | undefined
  /** The plan of memory that the page knows: each device has its own. */
  #told: Engine['memory'] | undefined
  readonly #closed = new AbortController()

  constructor(port: MessagePort, open: typeof createEngine, { release, failed }: Serving) {
    this.#port = port
    this.#open = open
    this.#release = release
    port.onmessage = ({ data }: MessageEvent<Order>) => this.#obey(data)
    port.addEventListener('messageerror', () => this.#refuse(this.#next))
    const onFailed = () => {
      this.#post({ type: 'lost', error: toPlainError(failed?.reason) })
      this.#close()
    }
    failed?.addEventListener('abort', onFailed, { signal: this.#closed.signal })
    // whoever was there is gone
    port.addEventListener('close', () => this.#close())
    void holdLock(this.#closed.signal).then(lock => this.#post({ type: 'ready', lock }))
  }

  get #isClosed(): boolean {
    return this.#closed.signal.aborted
  }

  #obey(order: Order): void {
    const { type, call } = order
    if (call !== undefined && this.#unreadable.has(call)) return
    if (type === 'next') this.#next = call
    else if (type === 'prompts') this.#callOf(call).prompts.push(...order.prompts)
    else if (type === 'open') this.#answer(call, signal => this.#openEngine(order, signal))
    else if (type === 'ask') this.#answer(call, signal => this.#ask(order, signal))
    else if (type === 'generate') void this.#generate(order)
    else if (type === 'cancel') this.#calls.get(call)?.generation?.cancel()
    else if (type === 'leave') this.#leave(call)
    else if (type === 'read') this.#calls.get(call)?.outbox?.read(order.count)
    else if (type === 'heard') this.#heard(call)
    else if (type === 'watch') this.#watch(call)
    else this.#close()
  }

  #callOf(call: number): Call {
    const known = this.#calls.get(call) ?? { abort: new AbortController(), prompts: [] }
    this.#calls.set(call, known)
    return known
  }

  #refuse(call: number): void {
    this.#unreadable.add(call)
    this.#leave(call)
    const error = new InvalidRequest(
      'The worker cannot read this: some of it cannot leave the page, such as shared memory.',
    )
    this.#post({ type: 'end', call, error: toPlainError(error) })
  }

  /** Sends what the work comes to. */
  #answer(call: number, work: (signal: AbortSignal) => Promise<unknown>): void {
    work(this.#callOf(call).abort.signal)
      .then(
        value => this.#post({ type: 'answer', call, value }),
        (error: unknown) => this.#post({ type: 'end', call, error: toPlainError(error) }),
      )
      .finally(() => this.#calls.delete(call))
  }

  async #openEngine({ opening: { location, options }, lock }: OrderOf<'open'>, signal: AbortSignal) {
    if (lock !== undefined) whenFree(lock, this.#closed.signal, () => this.#close())
    const onProgress: typeof options.onProgress = progress => this.#post({ type: 'progress', progress })
    const engine = await this.#open(location, { ...options, signal, onProgress })
    if (this.#isClosed) {
      this.#release(engine)
      throw abortError()
    }
    this.#engine = engine
    void engine.lost.then(error => this.#post({ type: 'lost', error: toPlainError(error) }))
    return this.#about(engine)
  }

  #about(engine: Engine): About {
    const { modelName, config, chatTemplate, memory, decisions, weights } = engine
    this.#told = memory
    return { modelName, config, chatTemplate, memory, decisions, weights }
  }

  async #ask({ call, method, args, wantsProgress }: OrderOf<'ask'>, signal: AbortSignal): Promise<unknown> {
    const engine = this.#opened()
    const [first, second] = args as never[]
    switch (method) {
      case 'plan':
        return engine.plan(this.#callOf(call).prompts, first, {
          signal,
          onProgress: this.#tellRead(call, wantsProgress),
        })
      case 'tokenize':
        return engine.tokenize(first, { ...(second as object), signal })
      case 'detokenize':
        return engine.detokenize(first, second)
      case 'modelFile':
        return engine.modelFile(first, { signal })
      case 'checkParams':
        return engine.checkParams(first)
      default:
        return engine[method]()
    }
  }

  async #generate({ call, params, priority, wantsText, wantsProgress }: OrderOf<'generate'>): Promise<void> {
    const state = this.#callOf(call)
    const outbox = new Outbox(call, message => this.#post(message))
    const onText = wantsText ? outbox.say.bind(outbox) : undefined
    let planned: Promise<void> | undefined
    let failure: PlainError | undefined
    try {
      const generation = this.#opened().generate(state.prompts, params, {
        priority,
        onText,
        onProgress: this.#tellRead(call, wantsProgress),
      })
      Object.assign(state, { generation, outbox })
      planned = generation.plan.then(
        plan => this.#post({ type: 'planned', call, plan }),
        (error: unknown) => this.#post({ type: 'unplanned', call, error: toPlainError(error) }),
      )
      for await (const result of generation) {
        await outbox.send(result)
        if (state.abort.signal.aborted) break
      }
    } catch (error) {
      failure = toPlainError(error)
    }
    await planned
    this.#calls.delete(call)
    this.#post({ type: 'end', call, error: failure })
  }

  #watch(call: number): void {
    const state = this.#callOf(call)
    try {
      const unwatch = this.#opened().watch(events => {
        this.#post({ type: 'events', call, events })
        return new Promise(resolve => {
          state.heard = resolve
        })
      })
      state.abort.signal.addEventListener('abort', unwatch)
    } catch (error) {
      this.#calls.delete(call)
      this.#post({ type: 'end', call, error: toPlainError(error) })
    }
  }

  #heard(call: number): void {
    const { outbox, heard } = this.#calls.get(call) ?? {}
    outbox?.heard()
    heard?.()
  }

  #tellRead(call: number, isWanted = false) {
    return isWanted ? (progress: ReadProgress) => this.#post({ type: 'reading', call, progress }) : undefined
  }

  #opened(): Engine {
    if (!this.#engine) throw new InvalidRequest('The engine is not there yet.')
    return this.#engine
  }

  /** Ends a call of which nothing more is wanted. */
  #leave(call: number): void {
    const state = this.#calls.get(call)
    this.#calls.delete(call)
    state?.abort.abort()
    state?.generation?.cancel()
    state?.outbox?.close()
  }

  #close(): void {
    if (this.#isClosed) return
    this.#closed.abort()
    for (const call of [...this.#calls.keys()]) this.#leave(call)
    if (this.#engine) this.#release(this.#engine)
    this.#port.close()
  }

  #post(message: HostMessage): void {
    if (this.#isClosed) return
    // before anything that comes of another device
    if (this.#engine && this.#engine.memory !== this.#told) {
      this.#port.postMessage({ type: 'about', about: this.#about(this.#engine) } satisfies HostMessage)
    }
    this.#port.postMessage(message)
  }
}
