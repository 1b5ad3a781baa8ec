import { assert } from '../core/assert'
import type { KernelContext } from './context'
import { flatGrid } from './grid'
import type { AttentionShape, KvLayer } from './kv-cache'

export interface AttentionBuffers extends KvLayer {
  /** f32 [numTokens, numHeads, headDim], scaled by log2(e) / √headDim */
  readonly q: GPUBuffer
  /** f32 [numTokens, numHeads, headDim] */
  readonly out: GPUBuffer
  /** f32 [numSlots, numHeads, headDim] */
  readonly partialO: GPUBuffer
  /** f32 [numSlots, numHeads]: base-2 logarithm of the sum of 2^score */
  readonly partialLse: GPUBuffer
}

/** Work items of one tile: where their lists (kv/attention-plan.ts) start, in words of the step's arena. */
export interface AttentionItems {
  readonly numItems: number
  readonly firstItem: number
  readonly firstRow: number
  readonly firstBlock: number
}

/** Query vectors times dims that fit in 16 KiB of workgroup memory beside the probabilities of 32 query vectors. */
const MAX_TILE_ELEMENTS = 2048
const MAX_QUERIES = 32
/** Enough for a decode's query heads; a smaller tile leaves room for more workgroups at once. */
const DECODE_QUERIES = 8

/** Query vectors per work item that the kernel is made for, ascending; all give the same bits. */
export function attentionTiles(headDim: number): number[] {
  const largest = Math.min(MAX_QUERIES, 2 ** Math.floor(Math.log2(MAX_TILE_ELEMENTS / headDim)))
  return largest > DECODE_QUERIES ? [DECODE_QUERIES, largest] : [largest]
}

/**
 * For the rows of each item, softmax(q·Kᵀ)·V over the item's keys up to the row's position; `queries` is one of
 * `attentionTiles`. Returns the recorder of one call.
 */
export function attention(
  { kernels, step }: KernelContext,
  { numHeads, numKvHeads, headDim }: AttentionShape,
  queries: number,
  { q, k, v, out, partialO, partialLse }: AttentionBuffers,
) {
  const group = numHeads / numKvHeads
  assert(Number.isInteger(group), `${numHeads} query heads over ${numKvHeads} KV heads`)
  assert(headDim % 8 === 0, `a head of ${headDim} dims`)
  assert(attentionTiles(headDim).includes(queries), `no tile of ${queries} query vectors of ${headDim} dims`)
  assert(group <= queries, `${group} query heads per KV head do not fit a tile of ${queries} query vectors`)
  const kernel = kernels.get({ name: 'attention', constants: { QUERIES: queries, HEAD_DIM: headDim } })
  const buffers = { q, k_cache: k, v_cache: v, out, partial_o: partialO, partial_lse: partialLse }
  const call = kernel.bind(step.arena, { arena: step.arena, ...buffers })
  return ({ numItems, firstItem, firstRow, firstBlock }: AttentionItems): void => {
    const params = { n_items: numItems, items: firstItem, rows: firstRow, blocks: firstBlock, group, dim4: headDim / 4 }
    step.dispatch(call, params, [...flatGrid(numItems), numKvHeads])
  }
}
