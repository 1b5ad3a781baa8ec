import type { AttentionChunk } from '../attention/forest'
import type { AttentionPlan, AttentionPlanner } from '../attention/plan'
import { ITEM_FIELDS, MERGE_FIELDS } from '../attention/plan'
import { assert } from '../core/assert'
import type { Batch, ChunkBlocks } from '../core/batch'
import { BLOCK_LEN } from '../core/block'
import type { Step } from '../gpu/step'
import { FROM_SLOT } from '../kernels/embed'
import type { AttentionInputs, GroupInputs, StepInputs } from '../model/model'

/** A KV group: who plans its attention, and how many layers it has. */
export interface PlannedGroup {
  readonly planner: AttentionPlanner
  readonly numLayers: number
}

/** Puts what the GPU must know of decided steps into the arena: tokens and positions, and for each KV group what it writes and reads. */
export class StepPusher {
  /** Keys that attention reads in the steps so far, in all layers and for one KV head. */
  kvKeysRead = 0
  readonly #step: Step
  readonly #groups: readonly PlannedGroup[]
  /** [groups] What the planners are told, from step to step in the same objects. */
  readonly #seen: PlannedChunk[][]

  constructor(step: Step, groups: readonly PlannedGroup[]) {
    this.#step = step
    this.#groups = groups
    this.#seen = groups.map(() => [])
  }

  push(batch: Batch): StepInputs {
    const { chunks, numTokens } = batch
    const firstToken = this.#step.reserve(numTokens)
    const firstPosition = this.#step.reserve(numTokens)
    const tokens = this.#step.view(firstToken, numTokens).u32
    const positions = this.#step.view(firstPosition, numTokens).u32
    let token = 0
    for (const chunk of chunks) {
      for (let index = 0; index < chunk.count; index++) {
        tokens[token] = chunk.tokens[index] ?? FROM_SLOT + chunk.slot
        positions[token] = chunk.start + index
        token += 1
      }
    }
    assert(token === numTokens, `the batch says ${numTokens} tokens, its chunks ${token}`)
    const groups = this.#groups.map((_, group) => this.#pushGroup(batch, group))
    return { numTokens, firstToken, firstPosition, groups }
  }

  #pushGroup({ chunks, numTokens }: Batch, group: number): GroupInputs {
    const step = this.#step
    const { planner, numLayers } = this.#groups[group]
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
    this.kvKeysRead += plan.numKeysRead * numLayers
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
