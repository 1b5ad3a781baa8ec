import type { KernelContext } from './context'
import { flatGrid } from './grid'

export interface QkNormBuffers {
  /** f32 [numTokens, stride]: q from column 0 on, k from `kOffset` on; changed in place */
  readonly qkv: GPUBuffer
  /** f32 [qLen] and [kLen] */
  readonly qWeight: GPUBuffer
  readonly kWeight: GPUBuffer
}

/** The layout of q and k in a token's row; in elements, but for the numbers of vectors. */
export interface QkNormShape {
  readonly stride: number
  readonly kOffset: number
  /** Vectors of q and of k that are normed each by itself: the heads, or 1. */
  readonly qVectors: number
  readonly kVectors: number
  readonly qLen: number
  readonly kLen: number
  /** Default: yes. Else vectors are only divided by their root mean square. */
  readonly isWeighted?: boolean
}

/**
 * RMSNorm (rms-norm.ts) of q and k before they are turned (arXiv:2302.05442 §2; Qwen3 norms heads, OLMo 2 all of them
 * together). Returns the recorder of one call.
 */
export function qkNorm(
  { kernels, step }: KernelContext,
  { stride, kOffset, qVectors, kVectors, qLen, kLen, isWeighted = true }: QkNormShape,
  eps: number,
  { qkv, qWeight, kWeight }: QkNormBuffers,
) {
  const call = kernels.get({ name: 'qk-norm' }).bind(step.arena, { qkv, q_weight: qWeight, k_weight: kWeight })
  const vectors = { q_vectors: qVectors, k_vectors: kVectors, q_len: qLen, k_len: kLen }
  return (numTokens: number): void => {
    const params = { ...vectors, stride, k_offset: kOffset, eps, is_weighted: Number(isWeighted), n_tokens: numTokens }
    step.dispatch(call, params, flatGrid(numTokens * (qVectors + kVectors)))
  }
}
