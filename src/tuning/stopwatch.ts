import type { Gpu } from '../gpu/device'
import { Step } from '../gpu/step'
import { DRAW_ROW_FIELDS } from '../kernels/draw-row'

/** Words for the parameters of one call and their alignment: 16 blocks. */
const PARAMS_WORDS = 64 * 16

/** Times calls on the GPU, in a step of its own. */
export class Stopwatch {
  readonly step: Step
  readonly #gpu: Gpu
  readonly #now: () => number
  readonly #zeros: number
  /** Milliseconds of a submit without calls. */
  #idleMs = 0

  /** @param now milliseconds since some moment */
  constructor(gpu: Gpu, maxTokens: number, now: () => number) {
    this.#gpu = gpu
    this.#now = now
    this.#zeros = maxTokens * DRAW_ROW_FIELDS.length
    this.step = new Step(gpu, this.#zeros + PARAMS_WORDS)
  }

  async calibrate(): Promise<void> {
    const samples = [await this.time([], 0, 0), await this.time([], 0, 0), await this.time([], 0, 0)]
    this.#idleMs = Math.min(...samples)
  }

  /** Milliseconds that `runs` of the calls take in turn: of one shape, they find a cache as the layers of a model do. */
  async time(calls: readonly ((numTokens: number) => void)[], numTokens: number, runs: number): Promise<number> {
    const { step } = this
    // the records of draws: greedy ones
    step.view(step.reserve(this.#zeros), this.#zeros).u32.fill(0)
    for (let run = 0; run < runs; run++) calls[run % calls.length](numTokens)
    const start = this.#now()
    step.submit()
    await this.#gpu.device.queue.onSubmittedWorkDone()
    this.#gpu.throwIfLost()
    return Math.max(0, this.#now() - start - this.#idleMs)
  }

  dispose(): void {
    this.#gpu.destroyBuffer(this.step.arena)
  }
}
