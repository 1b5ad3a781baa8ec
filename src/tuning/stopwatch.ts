import type { Gpu } from '../gpu/device'
import { Step } from '../gpu/step'
import { DRAW_ROW_FIELDS } from '../kernels/draw-row'

/** Words for the parameters of one call and their alignment: 16 blocks. */
const PARAMS_WORDS = 64 * 16

/** Times calls on the GPU, in a step of its own: by the GPU's clock, which nothing else disturbs, or else by ours. */
export class Stopwatch {
  readonly step: Step
  /**
   * Milliseconds of which this clock can tell 3% apart: browsers round the GPU's times to 0.1 ms, and notice the end of a
   * submit by looking every millisecond or two; the least of a few samples is off by less than that.
   */
  readonly sampleMs: number
  readonly #gpu: Gpu
  readonly #zeros: number
  /** Milliseconds of a submit without calls, by our clock. */
  #idleMs = 0
  /** Milliseconds so far, by the GPU's clock. */
  #gpuMs = 0

  constructor(gpu: Gpu, maxTokens: number) {
    this.#gpu = gpu
    this.#zeros = maxTokens * DRAW_ROW_FIELDS.length
    this.step = new Step(gpu, this.#zeros + PARAMS_WORDS, 'submit')
    this.sampleMs = this.step.profiler ? 4 : 12
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
    const start = performance.now()
    step.submit()
    const gpuMs = await this.#submittedMs()
    this.#gpu.throwIfLost()
    return gpuMs ?? Math.max(0, performance.now() - start - this.#idleMs)
  }

  dispose(): void {
    this.step.dispose()
  }

  /** Waits for the last submit; its milliseconds, if the GPU tells. */
  async #submittedMs(): Promise<number | undefined> {
    const { profiler } = this.step
    if (!profiler) {
      await this.#gpu.device.queue.onSubmittedWorkDone()
      return undefined
    }
    const before = this.#gpuMs
    this.#gpuMs = (await profiler.times()).get('step')?.ms ?? 0
    return this.#gpuMs - before
  }
}
