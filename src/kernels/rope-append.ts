import { assert } from '../core/assert'
import type { QueryGrowth } from '../core/model-config'
import type { KernelContext } from './context'
import { flatGrid } from './grid'
import { type AttentionShape, type KvLayer, kvModule } from './kv-cache'

export interface RopeAppendBuffers extends KvLayer {
  /** f32 [numTokens, qkvStride] */
  readonly qkv: GPUBuffer
  /** f32 [numPositions, rotaryDim / 2, 2], of `ropeTable`; none if nothing rotates */
  readonly table?: GPUBuffer
  /** f32 [numTokens, numHeads, headDim] */
  readonly q: GPUBuffer
  /** f32 [headDim] each: what q and k are multiplied by once they have turned; none if by nothing */
  readonly weights?: { readonly q: GPUBuffer; readonly k: GPUBuffer }
}

/** Where q, k and v lie in a row of `qkv`: q from column 0 on. In elements, multiples of 4. */
export interface QkvLayout {
  readonly qkvStride: number
  readonly kOffset: number
  readonly vOffset: number
}

export interface Rotation {
  /** Dims of each head that rotate, the first ones: an even number, 0 for none. Default: all. */
  readonly rotaryDim?: number
  /** Factor of the scores q·k. Default: 1 / √headDim. */
  readonly scale?: number
  /** How the scale grows with the position; default: not at all. */
  readonly growth?: QueryGrowth
}

/** The tokens of a call, and where lists about them start, in words of the step's arena; each has a word per token. */
export interface RopeAppendTokens {
  readonly numTokens: number
  /** Position of each token in its sequence; within the table. */
  readonly firstPosition: number
  /** Where k and v of each token go: block · BLOCK_LEN + offset in the block, or `NOWHERE`. */
  readonly firstDestination: number
}

/** The destination of a token whose k and v nobody will read. */
export const NOWHERE = 0xffffffff

/**
 * q = rope(q) · scale · log2(e), so that scores are exponents of 2; rope(k) and v go into the KV cache (RoPE,
 * arXiv:2104.09864, with dims i and i + rotaryDim/2 as the pairs). Returns the recorder of one call.
 */
export function ropeAppend(
  { kernels, step }: KernelContext,
  { numHeads, numKvHeads, headDim }: AttentionShape,
  { qkvStride, kOffset, vOffset }: QkvLayout,
  { rotaryDim = headDim, scale = 1 / Math.sqrt(headDim), growth = { factor: 0, positions: 1 } }: Rotation,
  { qkv, table, q, weights, format, k, v }: RopeAppendBuffers,
) {
  assert(
    [qkvStride, kOffset, vOffset].every(elements => elements % 4 === 0) && headDim % 8 === 0,
    `qkv rows of ${qkvStride} elements, k at ${kOffset}, v at ${vOffset}, heads of ${headDim}: not whole vectors of 4`,
  )
  assert(rotaryDim % 2 === 0 && rotaryDim <= headDim, `${rotaryDim} dims rotate in heads of ${headDim}`)
  assert(table !== undefined || rotaryDim === 0, 'no table of angles')
  const constants = { HEADS: numHeads, KV_HEADS: numKvHeads, HEAD_DIM: headDim }
  const modules = { ...kvModule(format), ...(weights && { 'head-plain': 'head-weighted' }) }
  const kernel = kernels.get({ name: 'rope-append', modules, constants })
  // without rotation the table is never read
  const buffers = {
    ...{ qkv, table: table ?? qkv, q, k_cache: k, v_cache: v },
    ...(weights && { q_weight: weights.q, k_weight: weights.k }),
  }
  const call = kernel.bind(step.arena, { arena: step.arena, ...buffers })
  const layout = { qkv_stride: qkvStride / 4, k_offset: kOffset / 4, v_offset: vOffset / 4 }
  const layer = {
    ...layout,
    half: rotaryDim / 2,
    scale: scale * Math.LOG2E,
    growth: growth.factor,
    growth_len: growth.positions,
    n_tokens: 0,
    positions: 0,
    destinations: 0,
  }
  // as the shader has it
  const headsAtOnce = Math.floor(Math.max(64, headDim / 4) / (headDim / 4))
  return ({ numTokens, firstPosition, firstDestination }: RopeAppendTokens): void => {
    layer.n_tokens = numTokens
    layer.positions = firstPosition
    layer.destinations = firstDestination
    step.dispatch(call, layer, flatGrid(Math.ceil((numTokens * (numHeads + 2 * numKvHeads)) / headsAtOnce)))
  }
}
