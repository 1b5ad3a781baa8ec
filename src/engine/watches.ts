import type { Batch } from '../core/batch'
import type { CallEvent, EngineListener, EngineSnapshot } from './events'
import type { StepTimes } from './step-clock'
import { snapshotOf, stepEvent, type WatchedEngine } from './to-events'
import { Watch } from './watch'

/** Those who watch an engine. Without them nothing is noted but which calls are under way. */
export class Watches {
  readonly #engine: WatchedEngine
  readonly #watches = new Set<Watch>()
  readonly #calls = new Map<number, CallEvent>()
  #numSteps = 0
  /** Those of all steps that were told of, or that were over when the first listener came. */
  #times: StepTimes | undefined

  constructor(engine: WatchedEngine) {
    this.#engine = engine
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
    const snapshot = () => snapshotOf(this.#engine, [...this.#calls.values()])
    const watch = new Watch(listener, this.#engine, snapshot, end)
    this.#watches.add(watch)
    watch.flush()
    return end
  }

  /** How things stand. Who watches, and has time, has been told as much before this returns. */
  inspect(): EngineSnapshot {
    this.flush(true)
    return snapshotOf(this.#engine, [...this.#calls.values()])
  }

  call(event: CallEvent): void {
    this.#calls.set(event.first, event)
    for (const { calls } of this.#watches) calls.begin(event)
  }

  /** Does nothing if the call has not begun, or has ended. */
  endCall(first: number): void {
    if (!this.#calls.delete(first)) return
    for (const { calls } of this.#watches) calls.end(first)
  }

  endAllCalls(): void {
    for (const first of this.#calls.keys()) this.endCall(first)
  }

  step(batch: Batch): void {
    this.#numSteps += 1
    if (!this.#times) return
    const event = stepEvent(batch, this.#numSteps, this.#engine, this.#times)
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
}
