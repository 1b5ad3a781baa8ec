import type { Checkpoint } from '../loader'
import type { WeightChoice } from '../packing/choose-format'
import type { EngineOptions } from './options'

/** Weights may take this much of the GPU's memory if no budget is given, as the KV cache may. */
const DEFAULT_WEIGHT_BYTES = 2 ** 30

/** Bytes of a weight, scales included. */
const BYTES = { f16: 2, q8: 1.0625 }

/**
 * What the option `weights` means for this checkpoint. Not given: everything as it is, floats as f32. `f32`, `f16`: all
 * weights. `q8`, `q4`: floats and wider integers are rounded, others stay. `auto`: as not given, but floats are rounded
 * as far as they must be to fit: half the budget, or 1 GiB.
 */
export function chooseWeights(
  { weights, memoryBytes }: Pick<EngineOptions, 'weights' | 'memoryBytes'>,
  { tensors }: Checkpoint,
): WeightChoice {
  if (weights === undefined) return { format: 'f32', keepsIntegers: true }
  if (weights !== 'auto') return { format: weights, keepsIntegers: weights === 'q8' || weights === 'q4' }
  let numWeights = 0
  for (const { shape } of tensors.values()) numWeights += shape.reduce((product, size) => product * size, 1)
  const budget = memoryBytes === undefined ? DEFAULT_WEIGHT_BYTES : memoryBytes / 2
  const fits = (format: keyof typeof BYTES) => numWeights * BYTES[format] <= budget
  return { format: fits('f16') ? 'f16' : fits('q8') ? 'q8' : 'q4', keepsIntegers: true }
}
