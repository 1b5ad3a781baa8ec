import type { Batch, Draw } from '../core/batch'
import { CoppiceError } from '../core/errors'
import type { Sequence } from '../core/sequence'
import type { Scheduler } from '../scheduler/scheduler'
import type { Runner } from './runner'

/**
 * The engine's main loop: decide a step, run it, account for it, as long as there is work. A few steps are under way at
 * once, so that the GPU never waits for the CPU: step n + 1 is submitted before the tokens of step n have come back.
 */
export class StepLoop {
  #isRunning = false

  constructor(
    private readonly scheduler: Scheduler,
    private readonly runner: Runner,
    private readonly maxInFlight: number,
    private readonly onDraw: (sequence: Sequence, draw: Draw) => void,
    private readonly onError: (error: CoppiceError) => void,
  ) {}

  /** Work has arrived. */
  wake(): void {
    if (this.#isRunning) return
    this.#isRunning = true
    void this.#run().catch((cause: unknown) => {
      const error =
        cause instanceof CoppiceError ? cause : new CoppiceError(`The engine failed: ${String(cause)}`, { cause })
      this.onError(error)
    })
  }

  async #run(): Promise<void> {
    const inFlight: { readonly batch: Batch; readonly draws: Promise<Draw[]> }[] = []
    try {
      for (;;) {
        while (inFlight.length < this.maxInFlight) {
          const batch = this.scheduler.next()
          if (!batch) break
          inFlight.push({ batch, draws: this.runner.run(batch) })
        }
        const step = inFlight.shift()
        if (!step) break
        const draws = await step.draws
        for (const { sequence, draw } of this.scheduler.complete(step.batch, draws)) this.onDraw(sequence, draw)
      }
    } finally {
      this.#isRunning = false
      // after an error the other steps fail too; nobody waits for them
      for (const { draws } of inFlight) draws.catch(() => undefined)
    }
  }
}
