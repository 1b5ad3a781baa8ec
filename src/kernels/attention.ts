import { assert } from '../core/assert'
import { SEGMENT_TOKENS } from '../core/block'
import { MAX_HEAD_DIM } from '../core/model-config'
import type { Gpu } from '../gpu/device'
import type { KernelContext } from './context'
import { flatGrid } from './grid'
import { type AttentionShape, type KvLayer, kvModule } from './kv-cache'

export interface AttentionBuffers extends KvLayer {
  /** f32 [numTokens, numHeads, headDim], scaled by log2(e) / √headDim */
  readonly q: GPUBuffer
  /** f32 [numTokens, numHeads, headDim] */
  readonly out: GPUBuffer
  /** f32 [numStates, numHeads, headDim]: sums of 2^(score - m) v over a part of a row's keys */
  readonly partialO: GPUBuffer
  /** f32 [numStates, numHeads, 2]: the part's highest score m, and the sum of 2^(score - m) */
  readonly partialStats: GPUBuffer
}

/** The scores that a layer's softmax sees. */
export interface AttentionScores {
  /** Keys that a token sees, itself among them (Mistral 7B, arXiv:2310.06825 §2). Default: all up to its position. */
  readonly window?: number
  /** Scores become softcap · tanh(score / softcap), before the mask (Gemma 2, arXiv:2408.00118 §2). Default: they stay. */
  readonly softcap?: number
}

export interface AttentionOptions extends AttentionScores {
  /** Query vectors per work item: one of `attentionTiling`'s tiles. The bits do not depend on it. */
  readonly queries: number
  /** Query heads per work item, of `attentionTiling`. Default: all of a KV head's. The bits do not depend on it. */
  readonly groupSize?: number
  /** Default: `SEGMENT_TOKENS`. The bits depend on it. */
  readonly segmentTokens?: number
}

/** Work items of one tile: where their lists (attention/plan.ts) start, in words of the step's arena. */
export interface AttentionItems {
  readonly numItems: number
  readonly firstItem: number
  readonly firstRow: number
  readonly firstBlock: number
}

/** Keys per turn of the shader's loop. */
const TILE_KEYS = 32
const MAX_QUERIES = 64
/** The smaller tile: enough for a decode's query heads, and it leaves room for more workgroups at once. */
const DECODE_QUERIES = 8
/** Threads of a workgroup, at most. */
const MAX_THREADS = 128

/** A way to compute attention, by its kernel. All give the same bits (shaders/attention.wgsl) and differ in speed. */
export type AttentionWay = 'attention' | 'attention-subgroup'

/** The ways that a device can run, best first. */
export function attentionWays({ hasSubgroupsOf8 }: Gpu, headDim: number): readonly AttentionWay[] {
  return hasSubgroupsOf8 && headDim % 32 === 0 ? ['attention-subgroup', 'attention'] : ['attention']
}

/** Threads of a workgroup of `attention`, which keep up to 32 sums each in registers, and as many for the total. */
function threadsFor(queries: number, headDim: number): number {
  // one for every 4 dims, and 8 for every 4 query vectors
  const threads = Math.max((queries * headDim) / 32, headDim / 4, queries * 2)
  return Math.min(MAX_THREADS, Math.max(64, 2 ** Math.ceil(Math.log2(threads))))
}

/** Query vectors that `attention-subgroup` computes together: what a row has at least, up to 512 sums and as many for the total. */
function setFor(queries: number, groupSize: number, headDim: number): number {
  const most = Math.max(1, Math.min(8, Math.floor(512 / headDim)))
  if (queries > DECODE_QUERIES) return most
  const vectors = groupSize < 3 ? 4 : groupSize
  return Math.ceil(vectors / Math.ceil(vectors / most))
}

/** WebGPU's defaults, which every device has; in bytes. */
const DEFAULT_LIMITS = { maxComputeWorkgroupStorageSize: 16384 }

/** How query vectors go into work items. */
export interface AttentionTiling {
  /** Query heads that an item computes for each of its rows: all of a KV head's, or a part of them. */
  readonly groupSize: number
  /** Query vectors per work item that the kernel is made for, ascending, each with room for a group. */
  readonly tiles: readonly number[]
}

/**
 * The tiling for a device; all give the same bits. With more workgroup memory K and V are read once for more query vectors.
 * Where the query heads of a KV head do not fit the largest tile they are split evenly, and K and V read once for each part.
 * A large tile is left out where the `maxRows` of a step fit the small one: it would only take time to compile.
 */
export function attentionTiling(
  { numHeads, numKvHeads, headDim }: AttentionShape,
  limits: Pick<GPUSupportedLimits, 'maxComputeWorkgroupStorageSize'> = DEFAULT_LIMITS,
  maxRows = Number.POSITIVE_INFINITY,
): AttentionTiling {
  // q, probabilities, and twelve numbers about the sums; what remains of the memory holds the scales of a tile
  const bytesPerQuery = 4 * (headDim + TILE_KEYS + 12)
  const most = Math.floor(Math.log2(limits.maxComputeWorkgroupStorageSize / bytesPerQuery))
  const largest = Math.min(MAX_QUERIES, 2 ** most)
  const groupSize = groupWithin(numHeads / numKvHeads, largest)
  const hasDecodeTile = groupSize <= DECODE_QUERIES && DECODE_QUERIES < largest
  if (!hasDecodeTile) return { groupSize, tiles: [largest] }
  return { groupSize, tiles: maxRows * groupSize <= DECODE_QUERIES ? [DECODE_QUERIES] : [DECODE_QUERIES, largest] }
}

/** The largest even part of a KV head's query heads that a tile holds. */
function groupWithin(numQueryHeads: number, queries: number): number {
  let groupSize = Math.min(numQueryHeads, queries)
  while (numQueryHeads % groupSize !== 0) groupSize--
  return groupSize
}

/** `window` of a layer that has none: more than any position. */
const NO_WINDOW = 2 ** 31

/**
 * out = softmax(q·Kᵀ)·V over the keys that a row sees, item by item; a row that has several items leaves the state of each
 * instead, for `mergeAttention`. Returns the recorder of one call.
 */
export function attention(
  { gpu, kernels, step }: KernelContext,
  { numHeads, numKvHeads, headDim }: AttentionShape,
  options: AttentionOptions,
  { q, format, k, v, out, partialO, partialStats }: AttentionBuffers,
  way: AttentionWay = attentionWays(gpu, headDim)[0],
) {
  const { queries, groupSize = numHeads / numKvHeads, segmentTokens = SEGMENT_TOKENS } = options
  const { window = NO_WINDOW, softcap = 0 } = options
  const splits = numHeads / numKvHeads / groupSize
  assert(Number.isInteger(splits), `${numHeads} query heads over ${numKvHeads} KV heads in groups of ${groupSize}`)
  assert(headDim % 8 === 0 && headDim <= MAX_HEAD_DIM, `a head of ${headDim} dims`)
  assert(groupSize <= queries, `a group of ${groupSize} query heads does not fit a tile of ${queries} query vectors`)
  assert(segmentTokens % TILE_KEYS === 0, `segments of ${segmentTokens} keys are not whole tiles of ${TILE_KEYS}`)
  assert(
    Number.isInteger(window) && window >= 1 && softcap >= 0,
    `a window of ${window} keys, scores capped at ${softcap}`,
  )
  const constants: Record<string, number> =
    way === 'attention'
      ? { QUERIES: queries, HEAD_DIM: headDim, WG_SIZE: threadsFor(queries, headDim) }
      : { SET: setFor(queries, groupSize, headDim), HEAD_DIM: headDim }
  const kernel = kernels.get({ name: way, modules: kvModule(format), constants })
  const buffers = { q, k_cache: k, v_cache: v, out, partial_o: partialO, partial_stats: partialStats }
  const call = kernel.bind(step.arena, { arena: step.arena, ...buffers })
  const layer = {
    group: groupSize,
    splits,
    window,
    softcap,
    segment: segmentTokens,
    dim4: headDim / 4,
    n_items: 0,
    items: 0,
    rows: 0,
    blocks: 0,
  }
  return ({ numItems, firstItem, firstRow, firstBlock }: AttentionItems): void => {
    layer.n_items = numItems
    layer.items = firstItem
    layer.rows = firstRow
    layer.blocks = firstBlock
    const [x, y] = flatGrid(numItems)
    step.dispatch(call, layer, [x, y, numKvHeads * splits])
  }
}
