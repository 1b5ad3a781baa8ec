import { assert } from '../core/assert'
import type { ModelConfig } from '../core/model-config'
import type { KernelContext } from '../kernels/context'
import { layerNorm } from '../kernels/layer-norm'
import { type RmsNormOptions, rmsNorm } from '../kernels/rms-norm'
import type { Norm } from './weights'

/** Rows of a residual stream: f32 [numRows, hidden]. `y` may not be `x`. */
interface NormBuffers {
  readonly x: GPUBuffer
  readonly y: GPUBuffer
}

/** y = norm(x) (+ y), of the model's kind. */
export function norm(
  context: KernelContext,
  { hiddenSize, norm: kind, normEps }: ModelConfig,
  { weight, bias }: Norm,
  buffers: NormBuffers,
  options?: RmsNormOptions,
): (numRows: number) => void {
  if (kind === 'rms') return rmsNorm(context, hiddenSize, normEps, { ...buffers, weight }, options)
  assert(bias !== undefined && !options?.accumulate, 'a LayerNorm has a bias, and replaces')
  return layerNorm(context, hiddenSize, normEps, { ...buffers, weight, bias })
}
