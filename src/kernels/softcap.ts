import type { KernelContext } from './context'
import { flatGrid } from './grid'

/** The shader's workgroup size. */
const WG_SIZE = 256

/** x = cap · tanh(x / cap), in place (Gemma 2, arXiv:2408.00118 §2). Returns the recorder of one call, for so many elements. */
export function softcap({ kernels, step }: KernelContext, cap: number, x: GPUBuffer) {
  const call = kernels.get({ name: 'softcap' }).bind(step.arena, { x })
  return (n: number): void => step.dispatch(call, { n, cap }, flatGrid(Math.ceil(n / WG_SIZE)))
}
