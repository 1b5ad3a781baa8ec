import type { Batch, Drawn } from '../core/batch'
import { isPageSeen } from '../core/page'
import type { Scheduler } from '../scheduler/scheduler'
import { FrameBudget } from './frame-budget'
import type { Runner } from './runner'
import type { StepClock } from './step-clock'

/** Keeps steps so short that whoever draws on the same GPU has a turn every `frameMs` milliseconds. */
export class Pace {
  readonly #frameMs: () => number
  #budget: FrameBudget
  readonly #tokenBudget: number
  /** When the last step was known to be done. */
  #lastDone = 0

  /** `frameMs`: asked for each step; infinite while nobody draws. */
  constructor(tokenBudget: number, frameMs: () => number) {
    this.#tokenBudget = tokenBudget
    this.#budget = new FrameBudget(tokenBudget)
    this.#frameMs = frameMs
  }

  /** Decides the next step. */
  next(scheduler: Scheduler): Batch | undefined {
    const frameMs = this.#frameMs()
    if (frameMs === Number.POSITIVE_INFINITY) return scheduler.next()
    const batch = scheduler.next(this.#budget.rows(frameMs, scheduler.numRunning))
    if (batch) this.#budget.note(batch)
    return batch
  }

  /**
   * Runs a step, in parts where it takes longer, and times it: from when it was submitted, or the one before it was done, until its
   * draws are there. Nothing is learned of steps that may take as long as they will: each would pay for that.
   */
  async run(runner: Pick<Runner, 'run'>, batch: Batch, clock: StepClock | undefined): Promise<Drawn[]> {
    const frameMs = this.#frameMs()
    const budget = frameMs === Number.POSITIVE_INFINITY ? undefined : this.#budget
    const drawn = runner.run(batch, clock, budget?.parts(frameMs, batch))
    const submitted = performance.now()
    const result = await drawn
    const done = performance.now()
    budget?.observe(batch, done - Math.max(submitted, this.#lastDone))
    this.#lastDone = done
    return result
  }

  /** The steps run on another device. */
  restart(): void {
    this.#budget = new FrameBudget(this.#tokenBudget)
  }
}

/** The time for a step where nothing is said: a page that is seen draws. */
const PAGE_MS = 50

/** Milliseconds that a step may take now: those asked for, or `PAGE_MS` in a page while it is seen. */
export function frameMsOf(asked: number | undefined): () => number {
  return () => asked ?? (isPageSeen() ? PAGE_MS : Number.POSITIVE_INFINITY)
}
