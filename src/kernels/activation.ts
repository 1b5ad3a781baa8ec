import type { Activation } from '../core/model-config'
import type { KernelContext } from './context'
import { flatGrid } from './grid'

export interface ActivationBuffers {
  /** f32 [numRows, stride]: what is activated in columns [0, rowLen), its factor in [upOffset, upOffset + rowLen) */
  readonly x: GPUBuffer
  /** f32 [numRows, rowLen] */
  readonly y: GPUBuffer
}

export interface ActivationShape {
  /** Columns of y. */
  readonly rowLen: number
  /** Elements from one row of x to the next. */
  readonly stride: number
  /** Column of the first factor; absent: nothing is multiplied. */
  readonly upOffset?: number
}

/** Modules of the shader. */
const MODULES: Readonly<Record<Activation, string>> = {
  silu: 'activation-silu',
  gelu: 'activation-gelu',
  'gelu-tanh': 'activation-tanh',
}

/** The shader's workgroup size. */
const WG_SIZE = 256

/** y = activation(gate) · up (gated linear units, arXiv:2002.05202), or activation(x). Returns the recorder of one call. */
export function activation(
  { kernels, step }: KernelContext,
  kind: Activation,
  { rowLen, stride, upOffset }: ActivationShape,
  buffers: ActivationBuffers,
) {
  const modules = { 'activation-silu': MODULES[kind] }
  const constants = { GATED: Number(upOffset !== undefined) }
  const call = kernels.get({ name: 'activation', modules, constants }).bind(step.arena, { ...buffers })
  return (numRows: number): void => {
    const params = { n_rows: numRows, row_len: rowLen, stride, up_offset: upOffset ?? 0 }
    step.dispatch(call, params, flatGrid(Math.ceil((numRows * rowLen) / WG_SIZE)))
  }
}
