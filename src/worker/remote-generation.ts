import type { GenerationResult } from '../engine/generation'
import { ResultQueue } from '../engine/generation'
import type { JobPlan } from '../planner/plan-job'
import { MAX_UNREAD } from './protocol'

/** Results read before the host is told: often enough that it never waits for a reader who keeps up. */
const TOLD_AFTER = MAX_UNREAD / 2

export interface RemoteGenerationEvents {
  /** Stop the prompts that still run. */
  readonly cancel: () => void
  /** So many more results were read. */
  readonly onRead: (count: number) => void
  /** The reader has gone, at the end or before. */
  readonly onLeave: () => void
}

/** A generation whose results wait in the worker until they are read. */
export class RemoteGeneration extends ResultQueue {
  readonly #events: RemoteGenerationEvents

  constructor(size: number, plan: Promise<JobPlan>, events: RemoteGenerationEvents, signal?: AbortSignal) {
    super(size, plan, events.cancel, signal)
    this.#events = events
  }

  override [Symbol.asyncIterator](): AsyncGenerator<GenerationResult, void, undefined> {
    return this.#told(super[Symbol.asyncIterator]())
  }

  async *#told(results: AsyncIterable<GenerationResult>): AsyncGenerator<GenerationResult, void, undefined> {
    let numRead = 0
    try {
      for await (const result of results) {
        numRead += 1
        if (numRead % TOLD_AFTER === 0) this.#events.onRead(TOLD_AFTER)
        yield result
      }
    } finally {
      // no results are read before the plan is there
      if (this.size > 0) this.#events.onLeave()
    }
  }
}
