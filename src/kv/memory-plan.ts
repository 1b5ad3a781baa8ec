import { BLOCK_LEN, blocksFor, SEGMENT_TOKENS } from '../core/block'
import { InvalidRequest, OutOfMemory } from '../core/errors'
import { type KvFormat, kvBlockBytes } from '../core/kv-format'
import { type KvGroup, kvGroups } from '../core/kv-groups'
import type { ModelConfig } from '../core/model-config'
import { maxSlots } from './attention-layout'
import { blocksInSight } from './block-table'

const MIB = 2 ** 20
/** KV cache if no budget is given. WebGPU does not say how much memory is free; this much a laptop's shared memory can spare. */
const DEFAULT_KV_BYTES = 1024 * MIB
/** A cache that holds fewer tokens serves no chat: better to fail and say why. An explicit `blocks` is taken as it is. */
const MIN_CONTEXT_TOKENS = 256
/** Logits at a time: enough rows to fill the GPU, little beside the weights. */
const MAX_LOGITS_BYTES = 64 * MIB
/** A windowed group has blocks for no more sequences than this, whatever the budget: more rows hardly make a step cheaper. */
const MOST_WINDOWS = 64
/** Activations, logits and states of attention are f32. */
const F32_BYTES = 4

export interface MemoryOptions {
  readonly limits: { readonly maxBufferSize: number; readonly maxStorageBufferBindingSize: number }
  readonly config: ModelConfig
  readonly weightBytes: number
  /** Most tokens in a step. */
  readonly tokenBudget: number
  readonly kvFormat: KvFormat
  /** Inputs of matrix products are rounded to int8, in buffers of their own. */
  readonly hasInt8Rows?: boolean
  /** Weights, scratch and KV cache together; default: as much as they need with a KV cache of 1 GiB. */
  readonly budgetBytes?: number
  /** Exact size of the KV cache; default: as many as fit. */
  readonly blocks?: number
  /** Longest sequence, in tokens; default: the model's. */
  readonly contextLength?: number
}

/** A KV group and its pool. */
export interface KvGroupPlan extends KvGroup {
  readonly numBlocks: number
}

/** How an engine divides the GPU's memory. Plain numbers; `explainMemory` puts them in words. */
export interface MemoryPlan {
  /** Of the first group. */
  readonly numBlocks: number
  /** Furthest sight first. */
  readonly kvGroups: readonly KvGroupPlan[]
  /** Longest sequence, in tokens; the cache holds at least one such. */
  readonly contextLength: number
  /** The context asked for; larger than `contextLength` if the cache cannot hold it. */
  readonly wantedContextLength: number
  /** Of the attention layout. */
  readonly segmentTokens: number
  /** States that attention may write in a step (`PlanCapacity.slots`). */
  readonly partialSlots: number
  /** Rows of logits that are computed at a time. */
  readonly drawRows: number
  readonly weightBytes: number
  /** K (or V) of one block in one layer: `[kvHead][BLOCK_LEN][headDim]`. */
  readonly blockBytes: number
  /** K (or V) buffer of one layer of the first group: `[block][kvHead][BLOCK_LEN][headDim]`. */
  readonly layerBytes: number
  /** All layers' K and V. */
  readonly kvBytes: number
  /** Sums `[slot][head][headDim]` of attention's states, and `[slot][head][2]`: highest score and sum of weights. */
  readonly partialBytes: number
  /**
   * What a step's tokens pass through: `[T][hidden]` twice, `[T][(heads + 2 kvHeads) headDim]`, `[T][heads headDim]` twice,
   * `[T][gate and up]`, `[T][intermediate]`, `[drawRows][hidden]` twice, and
   * the widest of them once more as int8 with scales, if so asked. Padding of rows is not counted.
   */
  readonly activationBytes: number
  /** `[drawRows][vocab]`. */
  readonly logitsBytes: number
  /** Everything above that is not a part of something else. */
  readonly totalBytes: number
}

/**
 * Sizes the KV cache to what the device's limits and the budget leave, and the context to the cache.
 * Throws `OutOfMemory` if that is too little, with the numbers; `InvalidRequest` for a context the model cannot have.
 */
export function planMemory(options: MemoryOptions): MemoryPlan {
  const { config, limits, weightBytes, tokenBudget } = options
  const wantedContextLength = options.contextLength ?? config.maxPositions
  if (wantedContextLength < 1 || wantedContextLength > config.maxPositions) {
    throw new InvalidRequest(
      `A context of ${wantedContextLength} tokens: this model takes 1 to ${config.maxPositions}.`,
    )
  }
  const bindingBytes = Math.min(limits.maxBufferSize, limits.maxStorageBufferBindingSize)
  const rowBytes = config.vocabSize * F32_BYTES
  const drawRows = Math.max(1, Math.min(tokenBudget, Math.floor(Math.min(MAX_LOGITS_BYTES, bindingBytes) / rowBytes)))
  const logitsBytes = drawRows * rowBytes
  const { hidden, qkv, attention, gateUp, mlp } = bytesPerToken(config)
  // a byte for four and a scale for 32 values
  const int8 = options.hasInt8Rows ? Math.max(hidden, attention, mlp) * (1 / 4 + 1 / 32) : 0
  const activationBytes = tokenBudget * (2 * hidden + qkv + 2 * attention + gateUp + mlp + int8) + 2 * drawRows * hidden

  // the context is not known before the cache is, but it is at most the one wanted
  const mostSlots = maxSlots(SEGMENT_TOKENS, { tokenBudget, contextLength: wantedContextLength })
  const besidesBytes = weightBytes + activationBytes + logitsBytes + mostSlots * slotBytes(config)
  const blockBytes = kvBlockBytes(options.kvFormat, config)
  const groups = kvGroups(config.layers, wantedContextLength)
  const divide = (most: number) => divideBlocks(groups, most, { tokenBudget, contextLength: wantedContextLength })
  const cacheBytes = (most: number) =>
    divide(most).reduce((sum, { layers, numBlocks }) => sum + 2 * layers.length * numBlocks * blockBytes, 0)
  const numBlocks = chooseBlocks(options, { bindingBytes, besidesBytes, blockBytes, cacheBytes, wantedContextLength })

  const isBounded = numBlocks < leastBlocks(groups[0], tokenBudget)
  const contextLength = isBounded ? Math.min(wantedContextLength, numBlocks * BLOCK_LEN) : wantedContextLength
  const partialSlots = maxSlots(SEGMENT_TOKENS, { tokenBudget, contextLength })
  const largestBytes = Math.max(hidden, qkv, gateUp, attention, (partialSlots / tokenBudget) * attention)
  if (tokenBudget * largestBytes > bindingBytes) {
    throw new OutOfMemory(
      `A token budget of ${tokenBudget} needs a buffer of ${mib(tokenBudget * largestBytes)}, the device binds ${mib(bindingBytes)} at most; ` +
        `use a token budget of ${Math.floor(bindingBytes / largestBytes)}.`,
    )
  }
  const parts = {
    weightBytes,
    kvBytes: cacheBytes(numBlocks),
    partialBytes: partialSlots * slotBytes(config),
    activationBytes,
    logitsBytes,
  }
  return {
    numBlocks,
    kvGroups: divide(numBlocks),
    contextLength,
    wantedContextLength,
    segmentTokens: SEGMENT_TOKENS,
    partialSlots,
    drawRows,
    blockBytes,
    layerBytes: numBlocks * blockBytes,
    ...parts,
    totalBytes: Object.values(parts).reduce((sum, bytes) => sum + bytes, 0),
  }
}

/** The plan in words, a line for each thing that takes memory. */
export function explainMemory(plan: MemoryPlan): string {
  const reduced = plan.contextLength < plan.wantedContextLength
  return [
    `weights      ${mib(plan.weightBytes)}`,
    `KV cache     ${mib(plan.kvBytes)}: ${plan.numBlocks} blocks = ${plan.numBlocks * BLOCK_LEN} tokens; K and V of a layer ${mib(plan.layerBytes)} each`,
    ...plan.kvGroups.slice(1).map(({ window, layers, numBlocks }) => {
      return `             ${numBlocks} blocks in ${layers.length} layers that see ${window} tokens`
    }),
    `attention    ${mib(plan.partialBytes)}: ${plan.partialSlots} states of parts of contexts, cut into segments of ${plan.segmentTokens} tokens`,
    `activations  ${mib(plan.activationBytes)}`,
    `logits       ${mib(plan.logitsBytes)}: ${plan.drawRows} rows at a time`,
    `total        ${mib(plan.totalBytes)}`,
    `context      ${plan.contextLength} tokens${reduced ? `, reduced from ${plan.wantedContextLength} to what the KV cache holds` : ''}`,
  ].join('\n')
}

/** Blocks in which any sequence can run alone; unbounded if it sees all. One more, since what is in flight is kept. */
function leastBlocks({ window }: KvGroup, tokenBudget: number): number {
  return blocksInSight(window, tokenBudget) + 1
}

/**
 * Gives each windowed group its part, if the first has `most` blocks: as much as sequences need that are twice as long as
 * the window (or the context, if that is shorter), and `MOST_WINDOWS` sequences at most; enough for one in any case.
 */
function divideBlocks(
  groups: readonly KvGroup[],
  most: number,
  { tokenBudget, contextLength }: { tokenBudget: number; contextLength: number },
): KvGroupPlan[] {
  return groups.map((group, index) => {
    if (index === 0) return { ...group, numBlocks: most }
    const { window } = group
    const perSequence = blocksInSight(window, 1)
    const share = Math.min(1, perSequence / blocksFor(Math.min(contextLength, 2 * window)))
    const least = leastBlocks(group, tokenBudget)
    const wanted = Math.min(Math.ceil(share * most), least + (MOST_WINDOWS - 1) * perSequence)
    return { ...group, numBlocks: Math.min(most, Math.max(least, wanted)) }
  })
}

/** As many blocks as fit, or exactly `options.blocks`. */
function chooseBlocks(
  { budgetBytes, blocks }: MemoryOptions,
  sizes: {
    bindingBytes: number
    besidesBytes: number
    blockBytes: number
    cacheBytes: (numBlocks: number) => number
    wantedContextLength: number
  },
): number {
  const { bindingBytes, besidesBytes, blockBytes, cacheBytes, wantedContextLength } = sizes
  const unbudgetedBytes = blocks === undefined ? DEFAULT_KV_BYTES : Number.POSITIVE_INFINITY
  const leftBytes = budgetBytes === undefined ? unbudgetedBytes : budgetBytes - besidesBytes
  const most = largest(Math.floor(bindingBytes / blockBytes), numBlocks => cacheBytes(numBlocks) <= leftBytes)
  const least = blocks ?? blocksFor(Math.min(MIN_CONTEXT_TOKENS, wantedContextLength))
  if (most < least) {
    const budget =
      budgetBytes === undefined
        ? ''
        : ` and the budget of ${mib(budgetBytes)} holds ${mib(besidesBytes)} of other things`
    throw new OutOfMemory(
      `The KV cache needs ${least} blocks of ${BLOCK_LEN} tokens (${mib(cacheBytes(least))}), but ${most} fit: ` +
        `the device binds ${mib(bindingBytes)} at once (${mib(blockBytes)} a block)${budget}. ` +
        'Use a smaller or more quantised model, a smaller token budget, fewer blocks, or give more memory.',
    )
  }
  return blocks ?? most
}

/** The largest number up to `most` that fits, if all smaller ones do; 0 if none does. */
function largest(most: number, fits: (num: number) => boolean): number {
  let [low, high] = [0, most]
  while (low < high) {
    const middle = Math.ceil((low + high) / 2)
    if (fits(middle)) low = middle
    else high = middle - 1
  }
  return low
}

/** Bytes that one token takes in the buffers it passes through. */
function bytesPerToken(config: ModelConfig) {
  const { hiddenSize, intermediateSize, isGated, numHeads, numKvHeads, headDim } = config
  return {
    hidden: hiddenSize * F32_BYTES,
    qkv: (numHeads + 2 * numKvHeads) * headDim * F32_BYTES,
    attention: numHeads * headDim * F32_BYTES,
    gateUp: (isGated ? 2 : 1) * intermediateSize * F32_BYTES,
    mlp: intermediateSize * F32_BYTES,
  }
}

/** The state of a row over a part of its keys, all heads. */
function slotBytes({ numHeads, headDim }: ModelConfig): number {
  return numHeads * (headDim + 2) * F32_BYTES
}

function mib(bytes: number): string {
  return `${(bytes / MIB).toFixed(1)} MiB`
}
