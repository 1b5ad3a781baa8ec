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

export interface RmsNormOptions {
  /** Add to what `y` holds, instead of replacing it. */
  readonly accumulate?: boolean
}

/**
 * y[row] = x[row] · weight / √(mean(x[row]²) + eps) (+ y[row]) (RMSNorm, arXiv:1910.07467 §4). Returns the recorder of one
 * call.
 */
export function rmsNorm(
  { kernels, step }: KernelContext,
  rowLen: number,
  eps: number,
  buffers: RmsNormBuffers,
  { accumulate = false }: RmsNormOptions = {},
) {
  const call = kernels.get({ name: 'rms-norm' }).bind(step.arena, { ...buffers })
  const params = { row_len: rowLen, eps, accumulate: Number(accumulate), n_rows: 0 }
  return (numRows: number): void => {
    params.n_rows = numRows
    step.dispatch(call, params, flatGrid(numRows))
  }
}
