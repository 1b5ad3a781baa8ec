import { maxSlots } from '../../attention/layout'
import { BLOCK_LEN, blocksFor, SEGMENT_TOKENS } from '../../core/block'
import { InvalidRequest, OutOfMemory } from '../../core/errors'
import { type KvFormat, kvBlockBytes } from '../../core/kv-format'
import { type KvGroup, kvGroups } from '../../core/kv-groups'
import type { ModelConfig } from '../../core/model-config'
import { blocksInSight } from '../../kv/block-table'

const MIB = 2 ** 20
/** KV cache if no budget is given. WebGPU does not say how much memory is free; this much a laptop's shared memory can spare. */
const DEFAULT_KV_BYTES = 1024 * MIB
/** A cache that holds fewer tokens serves no chat: better to fail and say why. An explicit `blocks` is taken as it is. */
const MIN_CONTEXT_TOKENS = 256
/**
 * The longest context that is planned for unless the caller asks for more: what a step uploads and the tables of angles grow
 * with it, and a config.json may state any number. Few models are made for more, and fewer pages.
 */
const MAX_UNASKED_CONTEXT = 2 ** 18
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
  /** Bytes of all other buffers. */
  readonly stepMemory: (sizes: StepSizes) => StepMemory
  /** Weights, scratch and KV cache together; default: as much as they need with a KV cache of 1 GiB. */
  readonly budgetBytes?: number
  /** Exact size of the KV cache; default: as many as fit. */
  readonly blocks?: number
  /** Longest sequence, in tokens; default: the model's, up to `MAX_UNASKED_CONTEXT`. */
  readonly contextLength?: number
}

/** The sizes that those of buffers follow from. */
export type StepSizes = Pick<MemoryPlan, 'kvGroups' | 'contextLength' | 'segmentTokens' | 'partialSlots' | 'drawRows'>

/** The bytes that a step works in. */
export interface StepMemory {
  /** Sums `[slot][head][headDim]` of attention's states, and `[slot][head][2]`: highest score and sum of weights. */
  readonly partialBytes: number
  /** Buffers that a step's tokens pass through. */
  readonly activationBytes: number
  /** `[drawRows][vocab]`. */
  readonly logitsBytes: number
  /** Buffers for what a step uploads and brings back, and tables. */
  readonly listBytes: number
  /** The largest of these buffers, which grow with the token budget. */
  readonly largestBytes: number
}

/** A KV group and its pool. */
export interface KvGroupPlan extends KvGroup {
  readonly numBlocks: number
}

/** How an engine divides the GPU's memory. Plain numbers; `explainMemory` puts them in words. */
export interface MemoryPlan extends Omit<StepMemory, 'largestBytes'> {
  /** Blocks of the first KV group. */
  readonly numBlocks: number
  /** KV groups, those that see furthest first. */
  readonly kvGroups: readonly KvGroupPlan[]
  /** Longest sequence, in tokens; the cache holds at least one such. */
  readonly contextLength: number
  /** The context asked for; larger than `contextLength` if the cache cannot hold it. */
  readonly wantedContextLength: number
  /** Tokens of an attention segment (attention/layout.ts). */
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
  /** Everything above that is not a part of something else. */
  readonly totalBytes: number
}

/**
 * Sizes the KV cache to what the device's limits and the budget leave, and the context to the cache.
 * Throws `OutOfMemory` if that is too little, with the numbers; `InvalidRequest` for a context the model cannot have.
 */
export function planMemory(options: MemoryOptions): MemoryPlan {
  const { config, limits, weightBytes, tokenBudget } = options
  const wantedContextLength = options.contextLength ?? Math.min(config.maxPositions, MAX_UNASKED_CONTEXT)
  if (wantedContextLength < 1 || wantedContextLength > config.maxPositions) {
    throw new InvalidRequest(
      `A context of ${wantedContextLength} tokens: this model takes 1 to ${config.maxPositions}.`,
    )
  }
  const bindingBytes = Math.min(limits.maxBufferSize, limits.maxStorageBufferBindingSize)
  const rowBytes = config.vocabSize * F32_BYTES
  const drawRows = Math.max(1, Math.min(tokenBudget, Math.floor(Math.min(MAX_LOGITS_BYTES, bindingBytes) / rowBytes)))
  const blockBytes = kvBlockBytes(options.kvFormat, config)
  const groups = kvGroups(config.layers, wantedContextLength)
  const sizesOf = (numBlocks: number): StepSizes => {
    const isBounded = numBlocks < leastBlocks(groups[0], tokenBudget)
    const contextLength = isBounded ? Math.min(wantedContextLength, numBlocks * BLOCK_LEN) : wantedContextLength
    return {
      kvGroups: divideBlocks(groups, numBlocks, { tokenBudget, contextLength: wantedContextLength }),
      contextLength,
      segmentTokens: SEGMENT_TOKENS,
      partialSlots: maxSlots(SEGMENT_TOKENS, { tokenBudget, contextLength }),
      drawRows,
    }
  }
  const partsOf = (sizes: StepSizes) => {
    const { largestBytes, ...step } = options.stepMemory(sizes)
    const kvBytes = sizes.kvGroups.reduce(
      (sum, group) => sum + 2 * group.layers.length * group.numBlocks * blockBytes,
      0,
    )
    return { weightBytes, kvBytes, ...step }
  }
  const numBlocks = chooseBlocks(options, bindingBytes, blockBytes, count => partsOf(sizesOf(count)))
  const sizes = sizesOf(numBlocks)
  const { largestBytes } = options.stepMemory(sizes)
  if (largestBytes > bindingBytes) {
    throw new OutOfMemory(
      `A token budget of ${tokenBudget} needs a buffer of ${mib(largestBytes)}, the device binds ${mib(bindingBytes)} at most; ` +
        `use a token budget of ${Math.floor((bindingBytes / largestBytes) * tokenBudget)}.`,
    )
  }
  const parts = partsOf(sizes)
  return {
    numBlocks,
    wantedContextLength,
    blockBytes,
    layerBytes: numBlocks * blockBytes,
    ...sizes,
    ...parts,
    totalBytes: total(parts),
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
    `lists        ${mib(plan.listBytes)}: what a step uploads and brings back, and tables`,
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
  { config, tokenBudget, contextLength = config.maxPositions, budgetBytes, blocks }: MemoryOptions,
  bindingBytes: number,
  blockBytes: number,
  partsOf: (numBlocks: number) => Parts,
): number {
  const fits = (numBlocks: number) => {
    const parts = partsOf(numBlocks)
    if (budgetBytes !== undefined) return total(parts) <= budgetBytes
    return blocks !== undefined || parts.kvBytes <= DEFAULT_KV_BYTES
  }
  const most = largest(Math.floor(bindingBytes / blockBytes), fits)
  const least = blocks ?? blocksFor(Math.min(MIN_CONTEXT_TOKENS, contextLength))
  if (most < least) {
    const parts = partsOf(least)
    const budget =
      budgetBytes === undefined
        ? ''
        : ` and the budget of ${mib(budgetBytes)} holds ${mib(total(parts) - parts.kvBytes)} of other things`
    throw new OutOfMemory(
      `The KV cache needs ${least} blocks of ${BLOCK_LEN} tokens (${mib(parts.kvBytes)}), but ${most} fit: ` +
        `the device binds ${mib(bindingBytes)} at once (${(blockBytes / 1024).toFixed(1)} KiB a block)${budget}. ` +
        `Use a smaller or more quantised model, a token budget below ${tokenBudget}, fewer blocks, or give more memory.`,
    )
  }
  return blocks ?? most
}

type Parts = Readonly<Record<'weightBytes' | 'kvBytes' | Exclude<keyof StepMemory, 'largestBytes'>, number>>

function total(parts: Parts): number {
  return Object.values(parts).reduce((sum, bytes) => sum + bytes, 0)
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

/** Bytes for people. */
export function mib(bytes: number): string {
  return `${(bytes / MIB).toFixed(1)} MiB`
}
