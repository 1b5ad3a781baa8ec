import type { CacheChanges } from '../kv/cache-changes'
import type { CallEvent, EngineEvent, EngineListener, EngineSnapshot, StepEvent } from './events'
import { cacheEvents, countsOf, type WatchedEngine } from './to-events'

/** Steps, and calls that have come and gone, that a listener is told of who was busy meanwhile; of more, the last. */
const MAX_MISSED = 64

/** What one listener has not been told yet. */
export class Watch {
  readonly calls = new CallQueue()
  /** What is told next is how things stand: nothing was told yet, or what was is of no use any more. */
  isBehind = true
  readonly #steps: StepEvent[] = []
  readonly #listener: EngineListener
  readonly #engine: WatchedEngine
  readonly #changes: CacheChanges
  readonly #snapshot: () => EngineSnapshot
  readonly #onError: () => void
  #isBusy = false
  #hasEnded = false

  /** `onError`: the listener has thrown, which nobody else is to mind. */
  constructor(listener: EngineListener, engine: WatchedEngine, snapshot: () => EngineSnapshot, onError: () => void) {
    this.#listener = listener
    this.#engine = engine
    this.#snapshot = snapshot
    this.#onError = onError
    this.#changes = engine.scheduler.cache.prefixes.watch()
  }

  step(event: StepEvent): void {
    this.#steps.push(event)
    if (this.#steps.length > MAX_MISSED) this.#steps.shift()
  }

  flush(always = false): void {
    const changes = this.#changes
    if (this.#isBusy || this.#hasEnded) return
    if (!always && !this.isBehind && changes.isEmpty && this.#steps.length + this.calls.size === 0) return
    const { scheduler } = this.#engine
    const { begun, ended } = this.calls.take()
    const counts: EngineEvent = { kind: 'counts', ...countsOf(this.#engine) }
    const state: EngineEvent[] = this.isBehind
      ? [{ kind: 'snapshot', ...this.#snapshot() }]
      : [...begun, ...cacheEvents(changes, scheduler.cache), counts]
    this.isBehind = false
    changes.clear()
    this.#tell([...state, ...this.#steps.splice(0), ...ended])
  }

  #tell(events: readonly EngineEvent[]): void {
    // one that asks for something from within is told of it later
    this.#isBusy = true
    try {
      const heard = this.#listener(events)
      if (heard) heard.then(this.#onHeard, this.#fail)
      else this.#isBusy = false
    } catch (error) {
      this.#fail(error)
    }
  }

  end(): void {
    if (this.#hasEnded) return
    this.#hasEnded = true
    this.#engine.scheduler.cache.prefixes.unwatch(this.#changes)
  }

  readonly #onHeard = () => {
    this.#isBusy = false
    this.flush()
  }

  /** As of what listens to a platform's events, the error is uncaught. */
  readonly #fail = (error: unknown) => {
    this.#onError()
    queueMicrotask(() => {
      throw error
    })
  }
}

/** Calls that have begun or ended. */
class CallQueue {
  readonly #begun = new Map<number, CallEvent>()
  readonly #ended = new Set<number>()

  get size(): number {
    return this.#begun.size + this.#ended.size
  }

  begin(event: CallEvent): void {
    this.#begun.set(event.first, event)
  }

  end(first: number): void {
    this.#ended.add(first)
    if (this.#ended.size <= MAX_MISSED) return
    for (const each of this.#ended) {
      if (!this.#begun.delete(each)) continue
      this.#ended.delete(each)
      return
    }
  }

  take() {
    const begun = [...this.#begun.values()]
    const ended = [...this.#ended].map(first => ({ kind: 'call-end', first }) as const)
    this.#begun.clear()
    this.#ended.clear()
    return { begun, ended }
  }
}
