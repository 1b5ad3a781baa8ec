import { matmul } from '../kernels/matmul'
import type { ModelParts } from './model'
import { norm } from './norm'
import type { Linear, Norm } from './weights'

/** hidden += residualScale · linear(x), or hidden += norm(linear(x)) in a model that norms what it adds. */
export function addToResidual(
  { config, context, activations }: ModelParts,
  { matrix, bias }: Linear,
  postNorm: Norm | undefined,
  x: GPUBuffer,
): (numTokens: number) => void {
  const { hidden, normed } = activations
  const { residualScale: scale } = config
  if (!postNorm) return matmul(context, matrix, { x, bias, y: hidden }, { accumulate: true, scale })
  // what was normed before is no longer needed
  const project = matmul(context, matrix, { x, bias, y: normed }, { scale })
  const add = norm(context, config, postNorm, { x: normed, y: hidden }, { accumulate: true })
  return numTokens => {
    project(numTokens)
    add(numTokens)
  }
}
