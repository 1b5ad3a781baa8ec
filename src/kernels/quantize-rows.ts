import type { Int8Rows, KernelContext } from './context'
import { flatGrid } from './grid'

/** Columns that share a scale. */
const GROUP = 32

/** The shader's workgroup size. */
const WG_SIZE = 64

/** Rounds f32 `x` [numRows, cols] to int8. Returns the recorder of one call. */
export function quantizeRows(
  { kernels, step }: KernelContext,
  cols: number,
  x: GPUBuffer,
  { codes, scales }: Int8Rows,
): (numRows: number) => void {
  const call = kernels.get({ name: 'quantize-rows' }).bind(step.arena, { x, codes, scales })
  return numRows => {
    const numGroups = (numRows * cols) / GROUP
    step.dispatch(call, { n_groups: numGroups }, flatGrid(Math.ceil(numGroups / WG_SIZE)))
  }
}
