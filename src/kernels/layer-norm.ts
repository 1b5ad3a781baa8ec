import type { KernelContext } from './context'
import { flatGrid } from './grid'

export interface LayerNormBuffers {
  /** f32 [numRows, rowLen] */
  readonly x: GPUBuffer
  /** f32 [rowLen] */
  readonly weight: GPUBuffer
  /** f32 [rowLen] */
  readonly bias: GPUBuffer
  /** f32 [numRows, rowLen]; may not be `x` */
  readonly y: GPUBuffer
}

/**
 * y[row] = (x[row] − mean) / √(variance + eps) · weight + bias (LayerNorm, arXiv:1607.06450). Returns the recorder of one
 * call.
 */
export function layerNorm({ kernels, step }: KernelContext, rowLen: number, eps: number, buffers: LayerNormBuffers) {
  const call = kernels.get({ name: 'layer-norm' }).bind(step.arena, { ...buffers })
  return (numRows: number): void => step.dispatch(call, { n_rows: numRows, row_len: rowLen, eps }, flatGrid(numRows))
}
