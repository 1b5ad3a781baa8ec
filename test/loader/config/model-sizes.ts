import type { JsonObject } from '../../../src/core/json'
import type { ModelConfig } from '../../../src/core/model-config'
import { Paper } from '../../../src/gpu/paper'
import { decoderTensors } from '../../../src/model/tensors'
import { Weights } from '../../../src/model/weights'
import { chooseFormat } from '../../../src/packing/choose-format'
import { USED } from './known-configs'
import { NEWER } from './newer-published-configs'
import { PUBLISHED } from './published-configs'

/** The config.json of every model that there is a fixture of. */
export const CONFIGS: Readonly<Record<string, JsonObject>> = { ...PUBLISHED, ...NEWER, ...USED }

const LIMITS = { maxBufferSize: 2 ** 40, maxStorageBufferBindingSize: 2 ** 40 } as GPUSupportedLimits

/** The weights of a model, and the bytes of GPU memory that they take in a format. */
export function sizeOf(
  config: ModelConfig,
  format: 'f16' | 'q8' | 'q4',
): { readonly bytes: number; readonly count: number } {
  const { embedding, positions, head } = config.tensors
  const paper = new Paper(LIMITS)
  const choice = { format, keepsIntegers: true }
  const weights = new Weights(paper, (parts, cols) =>
    chooseFormat(choice, [{ type: 'BF16' }], cols, [embedding, positions, head].includes(parts[0].name)),
  )
  decoderTensors(config, weights)
  return { bytes: paper.bytes, count: weights.numElements }
}
