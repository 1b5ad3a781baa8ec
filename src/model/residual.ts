import type { ModelConfig } from '../core/model-config'
import { matmul } from '../kernels/matmul'
import type { OutputOptions, WeightedRows } from '../kernels/matmul-outputs'
import type { Activations } from './activations'
import type { ModelParts } from './model'
import { norm } from './norm'
import type { Linear, Norm } from './weights'

/** What a product reads of the residual stream: `x`, by these options, once `prepare` has been recorded. */
export interface StreamInput extends Pick<OutputOptions, 'norm'> {
  readonly x: GPUBuffer
  readonly prepare?: (numTokens: number) => void
}

/** The norm that an addition to the residual stream prepares: an RMSNorm that reads what the stream is then. */
export function preparedNorm(
  config: ModelConfig,
  postNorm: Norm | undefined,
  next: Norm | undefined,
): Norm | undefined {
  return config.norm === 'rms' && !config.isParallel && !postNorm ? next : undefined
}

/** The residual stream, or its norm if there is one; `isPrepared` by the addition before. */
export function readResidual(
  { config, context, activations }: ModelParts,
  own: Norm | undefined,
  isPrepared: boolean,
): StreamInput {
  const { hidden, normed } = activations
  if (!own) return { x: hidden }
  if (isPrepared) return { x: normed, norm: { ...weightedRows(activations), eps: config.normEps } }
  return { x: normed, prepare: norm(context, config, own, { x: hidden, y: normed }) }
}

/** hidden += residualScale · linear(x), or hidden += norm(linear(x)) in a model that norms what it adds. */
export function addToResidual(
  { config, context, activations }: ModelParts,
  { matrix, bias }: Linear,
  postNorm: Norm | undefined,
  x: GPUBuffer,
  prepared: Norm | undefined,
): (numTokens: number) => void {
  const { hidden, normed } = activations
  const { residualScale: scale } = config
  if (!postNorm) {
    const next = prepared && { ...weightedRows(activations), weight: prepared.weight }
    return matmul(context, matrix, { x, bias, y: hidden }, { accumulate: true, scale, next })
  }
  // what was normed before is no longer needed
  const project = matmul(context, matrix, { x, bias, y: normed }, { scale })
  const add = norm(context, config, postNorm, { x: normed, y: hidden }, { accumulate: true })
  return numTokens => {
    project(numTokens)
    add(numTokens)
  }
}

function weightedRows({ hidden, normed }: Activations): WeightedRows {
  return { rows: normed, firstSum: hidden.size / Float32Array.BYTES_PER_ELEMENT }
}
