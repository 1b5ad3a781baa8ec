import type { AttentionChunk } from '../../attention/forest'
import { planCapacity } from '../../attention/layout'
import { type AttentionPlan, AttentionPlanner } from '../../attention/plan'
import { BLOCK_LEN, blocksFor, SEGMENT_TOKENS } from '../../core/block'
import type { Gpu } from '../../gpu/device'
import { attentionTiling } from '../../kernels/attention'
import { workgroupsToFill } from '../../kernels/workgroups'
import type { ModelShape } from './models'

/** Sequences of one step, and the blocks of their K and V. */
export interface AttentionScene {
  /** A name for what is special: `decode 4096`. */
  readonly name: string
  readonly chunks: readonly AttentionChunk[]
  /** Number of different blocks in all tables. */
  readonly numBlocks: number
  readonly isUsual: boolean
}

/** Tokens of its own that a sequence has behind a shared prefix. */
const OWN_TOKENS = 64

/** A scheme that scatters blocks, as a cache in use has them: a step that no number of blocks here is a multiple of. */
const BLOCK_STEP = 7919

/** A scene of `rows` sequences that decode, each with `contextLength` keys. */
export function decodeScene(rows: number, contextLength: number, isUsual: boolean): AttentionScene {
  return scene(`decode ${contextLength}`, rows, 0, contextLength, 1, isUsual)
}

/** A scene of `rows` sequences that decode behind the same first `prefixLen` tokens. */
export function prefixScene(rows: number, prefixLen: number, isUsual: boolean): AttentionScene {
  return scene(`prefix ${prefixLen}+${OWN_TOKENS}`, rows, prefixLen, prefixLen + OWN_TOKENS, 1, isUsual)
}

/** A scene of the last `rows` tokens of a prompt of `contextLength`. */
export function prefillScene(rows: number, contextLength: number, isUsual: boolean): AttentionScene {
  return scene(`prefill ${contextLength}`, 1, 0, contextLength, rows, isUsual)
}

/** Number of query tokens. */
export function sceneTokens({ chunks }: Pick<AttentionScene, 'chunks'>): number {
  return chunks.reduce((sum, { count }) => sum + count, 0)
}

/** The plan that the engine's planner makes. */
export function planScene({ chunks }: AttentionScene, model: ModelShape, gpu: Gpu): AttentionPlan {
  const layout = { segmentTokens: SEGMENT_TOKENS, ...attentionTiling(model, gpu.limits) }
  const contextLength = Math.max(...chunks.map(({ start, count }) => start + count))
  const capacity = planCapacity({ layout, tokenBudget: sceneTokens({ chunks }), contextLength })
  const wantedItems = Math.ceil(workgroupsToFill(gpu) / model.numKvHeads)
  return new AttentionPlanner(layout, capacity, { wantedItems }).plan(chunks)
}

/** Sequences of `length` tokens that share the first `shared`, a multiple of a block, and compute the last `count`. */
function scene(
  name: string,
  numSequences: number,
  shared: number,
  length: number,
  count: number,
  isUsual: boolean,
): AttentionScene {
  const sharedBlocks = shared / BLOCK_LEN
  const ownBlocks = blocksFor(length) - sharedBlocks
  const numBlocks = sharedBlocks + numSequences * ownBlocks
  const place = (index: number) => (index * BLOCK_STEP) % numBlocks
  const chunks = Array.from({ length: numSequences }, (_, sequence) => ({
    start: length - count,
    count,
    blockTable: Array.from({ length: sharedBlocks + ownBlocks }, (_, block) =>
      place(block < sharedBlocks ? block : block + sequence * ownBlocks),
    ),
  }))
  return { name, chunks, numBlocks, isUsual }
}
