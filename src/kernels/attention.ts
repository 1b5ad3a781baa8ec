import { assert } from '../core/assert'
import { SEGMENT_TOKENS } from '../core/block'
import type { Gpu } from '../gpu/device'
import type { KernelContext } from './context'
import { flatGrid } from './grid'
import type { AttentionShape, KvLayer } from './kv-cache'

export interface AttentionBuffers extends KvLayer {
  /** f32 [numTokens, numHeads, headDim], scaled by log2(e) / √headDim */
  readonly q: GPUBuffer
  /** f32 [numTokens, numHeads, headDim] */
  readonly out: GPUBuffer
  /** f32 [numSlots, numHeads, headDim]: sums of 2^(score - m) v over a part of a row's keys */
  readonly partialO: GPUBuffer
  /** f32 [numSlots, numHeads, 2]: the part's highest score m, and the sum of 2^(score - m) */
  readonly partialStats: GPUBuffer
}

/** Constants of the kernel. The bits depend on `segmentTokens` alone. */
export interface AttentionTile {
  /** Query vectors per work item: one of `attentionTiles`. */
  readonly queries: number
  /** Default: `SEGMENT_TOKENS`. */
  readonly segmentTokens?: number
}

/** Work items of one tile: where their lists (kv/attention-plan.ts) start, in words of the step's arena. */
export interface AttentionItems {
  readonly numItems: number
  readonly firstItem: number
  readonly firstRow: number
  readonly firstBlock: number
}

/** Keys per turn of the shader's loop. */
const TILE_KEYS = 32
const MAX_QUERIES = 64
/** Enough for a decode's query heads; a smaller tile leaves room for more workgroups at once. */
const DECODE_QUERIES = 8
/** Of a workgroup. */
const MAX_THREADS = 128

/** A way to compute a tile of keys. All give the same bits (shaders/attention.wgsl) and differ in speed. */
export interface AttentionVariant {
  /** Module of the shader. */
  readonly tile: 'attention-tile' | 'attention-subgroup'
  /** A thread keeps this many sums at most, for the segment and for the total, in registers. */
  readonly threadSums: number
  /** The fewest threads of a workgroup. */
  readonly minThreads: number
}

const CORE_VARIANT: AttentionVariant = { tile: 'attention-tile', threadSums: 32, minThreads: 64 }

/** For subgroups of 8 and no other size: Mesa's CPU driver, where loads cost more than sums beyond the registers. */
const NARROW_VARIANT: AttentionVariant = { tile: 'attention-subgroup', threadSums: 64, minThreads: 32 }

/** The variants that a device can run, best first. */
export function attentionVariants({ hasSubgroupsOf8 }: Gpu, headDim: number): readonly AttentionVariant[] {
  return hasSubgroupsOf8 && headDim % 32 === 0 ? [NARROW_VARIANT, CORE_VARIANT] : [CORE_VARIANT]
}

/** What every device has, in bytes. */
const DEFAULT_LIMITS = { maxComputeWorkgroupStorageSize: 16384 }

/**
 * Query vectors per work item that the kernel is made for on a device, ascending; all give the same bits. With more
 * workgroup memory K and V are read once for more of them.
 */
export function attentionTiles(
  headDim: number,
  limits: Pick<GPUSupportedLimits, 'maxComputeWorkgroupStorageSize'> = DEFAULT_LIMITS,
): number[] {
  // q, probabilities, and four numbers about the sums
  const bytesPerQuery = 4 * (headDim + TILE_KEYS + 4)
  const most = Math.floor(Math.log2(limits.maxComputeWorkgroupStorageSize / bytesPerQuery))
  const largest = Math.min(MAX_QUERIES, 2 ** most)
  return largest > DECODE_QUERIES ? [DECODE_QUERIES, largest] : [largest]
}

/**
 * For the rows of each item, softmax(q·Kᵀ)·V over the item's keys up to the row's position, or its state where the row
 * has other items too. Returns the recorder of one call.
 */
export function attention(
  { gpu, kernels, step }: KernelContext,
  { numHeads, numKvHeads, headDim }: AttentionShape,
  { queries, segmentTokens = SEGMENT_TOKENS }: AttentionTile,
  { q, k, v, out, partialO, partialStats }: AttentionBuffers,
  { tile, threadSums, minThreads }: AttentionVariant = attentionVariants(gpu, headDim)[0],
) {
  const group = numHeads / numKvHeads
  assert(Number.isInteger(group), `${numHeads} query heads over ${numKvHeads} KV heads`)
  assert(headDim % 8 === 0 && headDim <= 512, `a head of ${headDim} dims`)
  assert(group <= queries, `${group} query heads per KV head do not fit a tile of ${queries} query vectors`)
  assert(segmentTokens % TILE_KEYS === 0, `segments of ${segmentTokens} keys are not whole tiles of ${TILE_KEYS}`)
  // at least a thread for every 4 dims
  const threads = Math.max((queries * headDim) / threadSums, headDim / 4)
  const wgSize = Math.min(MAX_THREADS, Math.max(minThreads, 2 ** Math.ceil(Math.log2(threads))))
  const constants = { QUERIES: queries, HEAD_DIM: headDim, WG_SIZE: wgSize }
  const kernel = kernels.get({ name: 'attention', modules: { 'attention-tile': tile }, constants })
  const buffers = { q, k_cache: k, v_cache: v, out, partial_o: partialO, partial_stats: partialStats }
  const call = kernel.bind(step.arena, { arena: step.arena, ...buffers })
  return ({ numItems, firstItem, firstRow, firstBlock }: AttentionItems): void => {
    const lists = { n_items: numItems, items: firstItem, rows: firstRow, blocks: firstBlock }
    const params = { ...lists, group, segment: segmentTokens, dim4: headDim / 4 }
    step.dispatch(call, params, [...flatGrid(numItems), numKvHeads])
  }
}
