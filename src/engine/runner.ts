import type { AttentionChunk } from '../attention/forest'
import type { AttentionPlan, AttentionPlanner } from '../attention/plan'
import { ITEM_FIELDS, MERGE_FIELDS } from '../attention/plan'
import { assert } from '../core/assert'
import type { Batch, ChunkBlocks, Draw, Drawn } from '../core/batch'
import { BLOCK_LEN } from '../core/block'
import type { DeviceLost } from '../core/errors'
import type { Gpu } from '../gpu/device'
import type { KernelTime } from '../gpu/profiler'
import { ReadbackRing } from '../gpu/readback'
import type { Step } from '../gpu/step'
import { FROM_SLOT } from '../kernels/embed'
import type { AttentionInputs, GroupInputs, Model, StepInputs } from '../model/model'
import { needsLogits, parseResults } from '../sampler/draw-inputs'
import { resultBytes, type Sampler } from '../sampler/sampler'
import { inParts } from './in-parts'
import type { StepClock } from './step-clock'

export interface RunnerParts {
  readonly gpu: Gpu
  readonly step: Step
  /** For each KV group, and how many layers it has. */
  readonly groups: readonly { readonly planner: AttentionPlanner; readonly numLayers: number }[]
  readonly model: Model
  readonly sampler: Sampler
  /** Where the sampler leaves a step's results. */
  readonly results: GPUBuffer
  /** Rows of logits that are computed at a time. */
  readonly drawRows: number
}

/** Turns decided steps into GPU work. Steps run in the order in which they are given. */
export class Runner {
  readonly lost: Promise<DeviceLost>
  readonly #parts: RunnerParts
  readonly #readbacks: ReadbackRing
  /** [groups] What the planners are told, from step to step in the same objects. */
  readonly #seen: PlannedChunk[][]
  #kvKeysRead = 0

  constructor(parts: RunnerParts) {
    this.#parts = parts
    this.lost = parts.gpu.lost
    this.#seen = parts.groups.map(() => [])
    this.#readbacks = new ReadbackRing(parts.gpu, parts.results.size)
  }

  /**
   * Submits a step before it returns; resolves with what its draws brought back, in their order, once the GPU is done.
   * `clock`: is told what the time until it is submitted goes into. `parts`: submits that the layers are divided into.
   * @throws DeviceLost · OutOfMemory
   */
  async run(batch: Batch, clock?: StepClock, parts = 1): Promise<Drawn[]> {
    const { gpu, step, model, results } = this.#parts
    gpu.throwIfLost()
    const inputs = this.#pushInputs(batch)
    clock?.end('plan')
    const onStage = inParts(parts, () => step.submitPart())
    model.forward(inputs, onStage)
    const { draws } = batch
    this.#recordDraws(draws)
    clock?.end('encode')
    if (draws.length === 0) {
      step.submit()
      clock?.end('submit')
      await gpu.device.queue.onSubmittedWorkDone().catch(error => gpu.explain(error))
      gpu.throwIfLost()
      return []
    }
    const bytes = resultBytes(draws)
    const target = this.#readbacks.take()
    step.copy(results, 0, target, 0, bytes)
    step.submit()
    clock?.end('submit')
    return parseResults(draws, await this.#readbacks.read(target, bytes))
  }

  /** `kvKeysRead`: keys that attention read, in all layers and for one KV head. */
  stats() {
    const { gpu, step } = this.#parts
    return {
      kvKeysRead: this.#kvKeysRead,
      adapter: gpu.adapter,
      gpuBytes: gpu.allocatedBytes,
      dispatches: step.numDispatches,
      passes: step.numPasses,
      submits: step.numSubmits,
      uploads: step.numUploads,
      uploadedBytes: step.uploadedBytes,
      readBytes: this.#readbacks.readBytes,
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

  #pushInputs(batch: Batch): StepInputs {
    const { step, groups } = this.#parts
    const { chunks, numTokens } = batch
    const firstToken = step.reserve(numTokens)
    const firstPosition = step.reserve(numTokens)
    const tokens = step.view(firstToken, numTokens).u32
    const positions = step.view(firstPosition, numTokens).u32
    let token = 0
    for (const chunk of chunks) {
      for (let index = 0; index < chunk.count; index++) {
        tokens[token] = chunk.tokens[index] ?? FROM_SLOT + chunk.slot
        positions[token] = chunk.start + index
        token += 1
      }
    }
    assert(token === numTokens, `the batch says ${numTokens} tokens, its chunks ${token}`)
    return { numTokens, firstToken, firstPosition, groups: groups.map((_, group) => this.#pushGroup(batch, group)) }
  }

  #pushGroup({ chunks, numTokens }: Batch, group: number): GroupInputs {
    const { step, groups } = this.#parts
    const { planner, numLayers } = groups[group]
    const seen = this.#seen[group]
    seen.length = Math.min(seen.length, chunks.length)
    const firstDestination = step.reserve(numTokens)
    const destinations = step.view(firstDestination, numTokens).u32
    let token = 0
    let numCopies = 0
    chunks.forEach(({ start, count, groups }, index) => {
      const { blockTable, copies } = groups[group]
      const own = seen[index] ?? { start, count, blockTable }
      seen[index] = own
      own.start = start
      own.count = count
      own.blockTable = blockTable
      for (let position = start; position < start + count; position++) {
        destinations[token++] = blockTable[Math.floor(position / BLOCK_LEN)] * BLOCK_LEN + (position % BLOCK_LEN)
      }
      numCopies += copies.length
    })
    const plan = planner.plan(seen)
    this.#kvKeysRead += plan.numKeysRead * numLayers
    const firstCopy =
      numCopies > 0
        ? pushCopies(
            step,
            chunks.map(chunk => chunk.groups[group]),
          )
        : 0
    return { firstDestination, firstCopy, numCopies, attention: pushPlan(step, plan) }
  }
}

/** An `AttentionChunk` that is written again each step. */
type PlannedChunk = { -readonly [key in 'start' | 'count' | 'blockTable']: AttentionChunk[key] }

function pushCopies(step: Step, chunks: readonly ChunkBlocks[]): number {
  return step.push(chunks.flatMap(({ copies }) => copies.flatMap(({ from, to }) => [from, to])))
}

function pushPlan(step: Step, plan: AttentionPlan): AttentionInputs {
  const firstRow = step.push(plan.rows)
  const firstBlock = step.push(plan.blocks)
  return {
    items: plan.items.map(items => {
      return { firstItem: step.push(items), numItems: items.length / ITEM_FIELDS, firstRow, firstBlock }
    }),
    firstMerge: step.push(plan.merges),
    numMerges: plan.merges.length / MERGE_FIELDS,
  }
}
