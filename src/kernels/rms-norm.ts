import type { KernelContext } from './context'
import { flatGrid } from './grid'

export interface RmsNormBuffers {
  /** f32 [numRows, rowLen] */
  readonly x: GPUBuffer
  /** f32 [rowLen] */
  readonly weight: GPUBuffer
  /** f32 [numRows, rowLen]; may not be `x` */
  readonly y: GPUBuffer
}

/** y[row] = x[row] · weight / √(mean(x[row]²) + eps) (RMSNorm, arXiv:1910.07467 §4). Returns the recorder of one call. */
export function rmsNorm({ kernels, step }: KernelContext, rowLen: number, eps: number, buffers: RmsNormBuffers) {
  const call = kernels.get({ name: 'rms-norm' }).bind(step.arena, { ...buffers })
  return (numRows: number): void => step.dispatch(call, { n_rows: numRows, row_len: rowLen, eps }, flatGrid(numRows))
}
