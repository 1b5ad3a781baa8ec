import type { KernelContext } from './context'
import { flatGrid } from './grid'

export interface GatherRowsBuffers {
  /** f32 [any, rowLen] */
  readonly x: GPUBuffer
  /** f32 [rows listed, rowLen]; may not be `x` */
  readonly y: GPUBuffer
}

/** The shader's workgroup size. */
const WG_SIZE = 256

/** y[i] = x[rows[i]]. Returns the recorder of one call; it puts the list of rows into the step. */
export function gatherRows({ kernels, step }: KernelContext, rowLen: number, buffers: GatherRowsBuffers) {
  const call = kernels.get({ name: 'gather-rows' }).bind(step.arena, { ...buffers, arena: step.arena })
  return (rows: ArrayLike<number>): void => {
    const params = { n_rows: rows.length, row_len: rowLen, first_row: step.push(rows) }
    step.dispatch(call, params, flatGrid(Math.ceil((rows.length * rowLen) / WG_SIZE)))
  }
}
