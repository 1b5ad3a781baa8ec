import type { Batch } from '../core/batch'
import type { CallEvent, EngineListener, EngineSnapshot } from './events'
import type { StepTimes } from './step-clock'
import { snapshotOf, stepEvent, type WatchedEngine } from './to-events'
import { Watch } from './watch'

/** All who watch an engine. */
export class Watching {
  readonly #engine: WatchedEngine
  readonly #calls: ReadonlyMap<number, CallEvent>
  readonly #watches = new Set<Watch>()
  /** Those of all steps that were told of, or that were over when the first listener came. */
  #times: StepTimes | undefined

  /** `calls`: those under way, whoever adds and removes them. */
  constructor(engine: WatchedEngine, calls: ReadonlyMap<number, CallEvent>) {
    this.#engine = engine
    this.#calls = calls
  }

  /** Tells `listener` how things stand, before this returns, and then of what happens. Returns what ends that. */
  watch(listener: EngineListener): () => void {
    this.flush(true)
    this.#times ??= { ...this.#engine.times }
    const end = () => {
      watch.end()
      this.#watches.delete(watch)
      if (this.#watches.size === 0) this.#times = undefined
    }
    const watch = new Watch(listener, this.#engine, () => this.#snapshot(), end)
    this.#watches.add(watch)
    watch.flush()
    return end
  }

  /** How things stand. Who watches, and has time, has been told as much before this returns. */
  inspect(): EngineSnapshot {
    this.flush(true)
    return this.#snapshot()
  }

  call(event: CallEvent): void {
    for (const { calls } of this.#watches) calls.begin(event)
  }

  endCall(first: number): void {
    for (const { calls } of this.#watches) calls.end(first)
  }

  /** `step`: its number. */
  step(batch: Batch, step: number): void {
    if (!this.#times) return
    const event = stepEvent(batch, step, this.#engine, this.#times)
    this.#times = { ...this.#engine.times }
    for (const watch of this.#watches) watch.step(event)
    this.flush()
  }

  /** The engine goes on with other blocks, perhaps fewer: what is told next is how things stand then. */
  restart(): void {
    for (const watch of this.#watches) watch.isBehind = true
    this.flush()
  }

  /** Tells of what has changed. `always`: of counts, too, if these are all. */
  flush(always = false): void {
    for (const watch of this.#watches) watch.flush(always)
  }

  #snapshot(): EngineSnapshot {
    return snapshotOf(this.#engine, [...this.#calls.values()])
  }
}
