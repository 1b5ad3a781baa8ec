import type { KernelContext } from './context'
import { flatGrid } from './grid'

export interface SwigluBuffers {
  /** f32 [numRows, stride]: gate in columns [0, rowLen), up in columns [upOffset, upOffset + rowLen) */
  readonly gate_up: GPUBuffer
  /** f32 [numRows, rowLen] */
  readonly y: GPUBuffer
}

export interface SwigluShape {
  /** Columns of gate, of up and of y. */
  readonly rowLen: number
  /** Elements from one row of gate_up to the next. */
  readonly stride: number
  /** Column of up[0]. */
  readonly upOffset: number
}

/** The shader's workgroup size. */
const WG_SIZE = 256

/** y = silu(gate) · up (SwiGLU, arXiv:2002.05202). Returns the recorder of one call. */
export function swiglu({ kernels, step }: KernelContext, shape: SwigluShape, buffers: SwigluBuffers) {
  const call = kernels.get({ name: 'swiglu' }).bind(step.arena, { ...buffers })
  const { rowLen, stride, upOffset } = shape
  return (numRows: number): void => {
    const params = { n_rows: numRows, row_len: rowLen, stride, up_offset: upOffset }
    step.dispatch(call, params, flatGrid(Math.ceil((numRows * rowLen) / WG_SIZE)))
  }
}
