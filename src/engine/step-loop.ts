import { asCoppiceError } from '../core/as-coppice-error'
import type { Batch, Drawn } from '../core/batch'
import type { CoppiceError } from '../core/errors'
import type { Completed } from '../scheduler/interface'
import type { Scheduler } from '../scheduler/scheduler'
import type { Runner } from './runner'
import { StepClock } from './step-clock'

export interface StepLoopParts {
  readonly scheduler: Pick<Scheduler, 'next' | 'complete'>
  readonly runner: Pick<Runner, 'run'>
  /** Steps submitted before the first one's draws have come back. */
  readonly stepsInFlight: number
  /** A token has arrived, or what was read in a prompt; if it ended its sequence, that is finished already. */
  onDraw(completed: Completed): void
  /** A step is done, and its tokens are handed out. */
  onStep?(batch: Batch): void
  /** The loop has stopped, and no sequence will get on. */
  onError(error: CoppiceError): void
}

/**
 * The engine's main loop: decide a step, run it, account for it, as long as there is work. A few steps are under way at
 * once, so that the GPU never waits for the CPU: step n + 1 is submitted before the tokens of step n have come back.
 */
export class StepLoop {
  readonly clock = new StepClock()
  readonly #parts: StepLoopParts
  #isRunning = false

  constructor(parts: StepLoopParts) {
    this.#parts = parts
  }

  /** Work has arrived. */
  wake(): void {
    if (this.#isRunning) return
    this.#isRunning = true
    this.#run().catch((cause: unknown) => this.#parts.onError(asCoppiceError(cause)))
  }

  async #run(): Promise<void> {
    const { scheduler, runner, stepsInFlight, onDraw } = this.#parts
    const { clock } = this
    clock.start()
    const inFlight: { readonly batch: Batch; readonly drawn: Promise<Drawn[]> }[] = []
    try {
      for (;;) {
        while (inFlight.length < stepsInFlight) {
          const batch = scheduler.next()
          clock.end('schedule')
          if (!batch) break
          const drawn = runner.run(batch, clock)
          // one that fails while nobody waits for it yet still fails when its turn comes
          drawn.catch(() => undefined)
          inFlight.push({ batch, drawn })
        }
        const step = inFlight.shift()
        if (!step) break
        const tokens = await step.drawn
        clock.end('wait')
        const completed = scheduler.complete(step.batch, tokens)
        clock.end('account')
        for (const each of completed) onDraw(each)
        clock.end('deliver')
        this.#parts.onStep?.(step.batch)
        // its time is that of whoever watches
        clock.start()
      }
    } finally {
      this.#isRunning = false
    }
  }
}
