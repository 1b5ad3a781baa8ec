import type { Batch } from '../core/batch'
import type { CallEvent, EngineListener, EngineSnapshot } from './events'
import type { WatchedEngine } from './to-events'
import type { Watching } from './watching'

/** Those who may come to watch an engine. Until one does, nothing is noted but the calls under way, and the code is not loaded. */
export class Watches {
  readonly #engine: WatchedEngine
  readonly #calls = new Map<number, CallEvent>()
  #numSteps = 0
  #loading: Promise<Watching> | undefined
  #watching: Watching | undefined

  constructor(engine: WatchedEngine) {
    this.#engine = engine
  }

  /** Tells `listener` how things stand, soon, and from then on of what happens. Returns what ends that. */
  watch(listener: EngineListener): () => void {
    let hasEnded = false
    let end = () => {
      hasEnded = true
    }
    void this.#load().then(watching => {
      if (!hasEnded) end = watching.watch(listener)
    })
    return () => end()
  }

  async inspect(): Promise<EngineSnapshot> {
    return (await this.#load()).inspect()
  }

  call(event: CallEvent): void {
    this.#calls.set(event.first, event)
    this.#watching?.call(event)
  }

  /** Does nothing if the call has not begun, or has ended. */
  endCall(first: number): void {
    if (this.#calls.delete(first)) this.#watching?.endCall(first)
  }

  endAllCalls(): void {
    for (const first of this.#calls.keys()) this.endCall(first)
  }

  step(batch: Batch): void {
    this.#numSteps += 1
    this.#watching?.step(batch, this.#numSteps)
  }

  restart(): void {
    this.#watching?.restart()
  }

  flush(): void {
    this.#watching?.flush()
  }

  #load(): Promise<Watching> {
    this.#loading ??= import('./watching').then(({ Watching }) => {
      this.#watching = new Watching(this.#engine, this.#calls)
      return this.#watching
    })
    return this.#loading
  }
}
