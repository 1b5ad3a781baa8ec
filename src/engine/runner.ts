import type { Batch, Draw, Drawn } from '../core/batch'
import type { DeviceLost } from '../core/errors'
import type { Gpu } from '../gpu/device'
import type { KernelTime } from '../gpu/profiler'
import { ReadbackRing } from '../gpu/readback'
import type { Step } from '../gpu/step'
import type { Model } from '../model/model'
import { needsLogits, parseResults } from '../sampler/draw-inputs'
import { resultBytes, type Sampler } from '../sampler/sampler'
import { inParts } from './in-parts'
import type { StepClock } from './step-clock'
import { type PlannedGroup, StepPusher } from './step-pusher'
import { VectorReader, type VectorReaderParts, withVectors } from './vector-reader'

export interface RunnerParts extends VectorReaderParts {
  readonly gpu: Gpu
  readonly step: Step
  readonly groups: readonly PlannedGroup[]
  readonly model: Model
  readonly sampler: Sampler
  /** Where the sampler leaves a step's results. */
  readonly results: GPUBuffer
}

/** Turns decided steps into GPU work. Steps run in the order in which they are given. */
export class Runner {
  readonly lost: Promise<DeviceLost>
  readonly #parts: RunnerParts
  readonly #inputs: StepPusher
  readonly #readbacks: ReadbackRing
  readonly #vectors: VectorReader

  constructor(parts: RunnerParts) {
    this.#parts = parts
    this.lost = parts.gpu.lost
    this.#inputs = new StepPusher(parts.step, parts.groups)
    this.#readbacks = new ReadbackRing(parts.gpu, parts.results.size)
    this.#vectors = new VectorReader(parts)
  }

  /**
   * Submits a step before it returns; resolves with what its draws brought back, in their order, once the GPU is done.
   * `clock`: is told what the time until it is submitted goes into. `parts`: submits that the layers are divided into.
   * @throws DeviceLost · OutOfMemory
   */
  async run(batch: Batch, clock?: StepClock, parts = 1): Promise<Drawn[]> {
    const { gpu, step, model, results } = this.#parts
    gpu.throwIfLost()
    const inputs = this.#inputs.push(batch)
    clock?.end('plan')
    model.forward(inputs, inParts(parts, step))
    const vectorDraws = batch.draws.filter(({ isVector }) => isVector)
    const draws = batch.draws.filter(({ isVector }) => !isVector)
    this.#recordDraws(draws)
    const readVectors = vectorDraws.length > 0 ? this.#vectors.record(vectorDraws) : undefined
    clock?.end('encode')
    if (batch.draws.length === 0) {
      step.submit()
      clock?.end('submit')
      await gpu.device.queue.onSubmittedWorkDone().catch(error => gpu.explain(error))
      gpu.throwIfLost()
      return []
    }
    const bytes = resultBytes(draws)
    const target = bytes > 0 ? this.#readbacks.take() : undefined
    if (target) step.copy(results, 0, target, 0, bytes)
    step.submit()
    clock?.end('submit')
    const drawn = target ? parseResults(draws, await this.#readbacks.read(target, bytes)) : []
    return readVectors ? withVectors(batch.draws, drawn, await readVectors()) : drawn
  }

  /** `kvKeysRead`: keys that attention read, in all layers and for one KV head. */
  stats() {
    const { gpu, step } = this.#parts
    return {
      kvKeysRead: this.#inputs.kvKeysRead,
      adapter: gpu.adapter,
      gpuBytes: gpu.allocatedBytes,
      dispatches: step.numDispatches,
      passes: step.numPasses,
      submits: step.numSubmits,
      uploads: step.numUploads,
      uploadedBytes: step.uploadedBytes,
      readBytes: this.#readbacks.readBytes + this.#vectors.readBytes,
      ...gpu.made,
    }
  }

  /** Time per kernel variant so far; empty unless the step has a profiler. */
  async kernelTimes(): Promise<ReadonlyMap<string, KernelTime>> {
    return (await this.#parts.step.profiler?.times()) ?? new Map()
  }

  dispose(): void {
    this.#parts.gpu.dispose()
  }

  /** Records the draws in slabs: first those rows that are drawn from without their logits, then the others. */
  #recordDraws(draws: readonly Draw[]): void {
    const { model, sampler, drawRows } = this.#parts
    const isWhole = draws.map(draw => model.candidates === undefined || needsLogits(draw))
    for (const whole of [false, true]) {
      const all = [...draws.keys()].filter(row => isWhole[row] === whole)
      for (let first = 0; first < all.length; first += drawRows) {
        const rows = all.slice(first, first + drawRows)
        const tokens = rows.map(row => draws[row].token)
        const firstDraw = sampler.pushRecords(draws, rows)
        if (whole) {
          model.logits(tokens)
          sampler.drawFromLogits(draws, rows, firstDraw)
        } else {
          model.candidates?.(tokens, firstDraw)
          sampler.drawFromCandidates(draws, rows, firstDraw)
        }
      }
    }
  }
}
