import { abortError, InvalidRequest } from '../core/errors'
import { type PlainError, toPlainError } from '../core/plain-error'
import type { Generation } from '../engine/generation'
import type { Engine, ReadProgress } from '../engine/interface'
import { createEngine } from '../engine/open/create-engine'
import type { Prompt } from '../engine/prompt'
import { holdLock } from './life'
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

/** Serves one page over a port: one engine, made by `open` when the page asks, which goes with the port. */
export function serve(port: MessagePort, open: typeof createEngine = createEngine): void {
  new Host(port, open)
}

class Host {
  readonly #port: MessagePort
  readonly #open: typeof createEngine
  readonly #calls = new Map<number, Call>()
  #engine: Engine | undefined
  /** The plan of memory that the page knows: each device has its own. */
  #told: Engine['memory'] | undefined
  readonly #closed = new AbortController()

  constructor(port: MessagePort, open: typeof createEngine) {
    this.#port = port
    this.#open = open
    port.onmessage = ({ data }: MessageEvent<Order>) => this.#obey(data)
    // whoever was there is gone
    port.addEventListener('close', () => this.#close())
    void holdLock(this.#closed.signal).then(lock => this.#post({ type: 'ready', lock }))
  }

  get #isClosed(): boolean {
    return this.#closed.signal.aborted
  }

  #obey(order: Order): void {
    const { type, call } = order
    if (type === 'prompts') this.#callOf(call).prompts.push(...order.prompts)
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

  /** Sends what the work comes to. */
  #answer(call: number, work: (signal: AbortSignal) => Promise<unknown>): void {
    work(this.#callOf(call).abort.signal)
      .then(
        value => this.#post({ type: 'answer', call, value }),
        (error: unknown) => this.#post({ type: 'end', call, error: toPlainError(error) }),
      )
      .finally(() => this.#calls.delete(call))
  }

  async #openEngine({ opening: { location, options } }: OrderOf<'open'>, signal: AbortSignal) {
    const onProgress: typeof options.onProgress = progress => this.#post({ type: 'progress', progress })
    const engine = await this.#open(location, { ...options, signal, onProgress })
    if (this.#isClosed) {
      engine.dispose()
      throw abortError()
    }
    this.#engine = engine
    void engine.lost.then(error => this.#post({ type: 'lost', error: toPlainError(error) }))
    return this.#about(engine)
  }

  #about(engine: Engine): About {
    const { modelName, config, memory, decisions, weights } = engine
    this.#told = memory
    return { modelName, config, memory, decisions, weights }
  }

  async #ask({ call, method, args }: OrderOf<'ask'>, signal: AbortSignal): Promise<unknown> {
    const engine = this.#opened()
    const [first, second] = args as never[]
    switch (method) {
      case 'plan':
        return engine.plan(this.#callOf(call).prompts, first, { signal, onProgress: this.#tellRead(call) })
      case 'tokenize':
        return engine.tokenize(first, { ...(second as object), signal })
      case 'detokenize':
        return engine.detokenize(first, second)
      case 'checkParams':
        return engine.checkParams(first)
      default:
        return engine[method]()
    }
  }

  async #generate({ call, params, priority, wantsText }: OrderOf<'generate'>): Promise<void> {
    const state = this.#callOf(call)
    const outbox = new Outbox(call, message => this.#post(message))
    const onText = wantsText ? outbox.say.bind(outbox) : undefined
    let planned: Promise<void> | undefined
    let failure: PlainError | undefined
    try {
      const generation = this.#opened().generate(state.prompts, params, {
        priority,
        onText,
        onProgress: this.#tellRead(call),
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

  #tellRead(call: number) {
    return (progress: ReadProgress) => this.#post({ type: 'reading', call, progress })
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
    this.#engine?.dispose()
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
