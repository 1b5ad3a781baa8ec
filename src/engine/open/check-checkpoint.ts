import type { ModelConfig } from '../../core/model-config'
import { Paper } from '../../gpu/paper'
import { type Checkpoint, checkTensors, withLayouts } from '../../loader'
import { decoderTensors } from '../../model/tensors'
import { Weights } from '../../model/weights'

/** Any model fits: what a device can hold is asked later. */
const NO_LIMITS = {
  maxBufferSize: Number.MAX_SAFE_INTEGER,
  maxStorageBufferBindingSize: Number.MAX_SAFE_INTEGER,
} as GPUSupportedLimits

/**
 * The files hold the tensors of the model in their shapes: known from their headers, before there is anything on the GPU. Returns how
 * many weights these are.
 * @throws UnsupportedModel · CorruptCheckpoint
 */
export function checkCheckpoint(config: ModelConfig, checkpoint: Checkpoint): { readonly weights: number } {
  const weights = new Weights(new Paper(NO_LIMITS), () => ({ kind: 'f32' }))
  decoderTensors(config, weights)
  checkTensors(withLayouts(checkpoint, weights.layouts), weights.expected)
  return { weights: weights.numElements }
}
