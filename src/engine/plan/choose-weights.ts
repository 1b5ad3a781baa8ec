import type { Checkpoint } from '../../loader'
import type { WeightChoice } from '../../packing/choose-format'
import type { Settings } from '../options'
import type { MemoryBudget } from './memory-budget'

/** Shares of the budget that `auto` gives to floats as f32, and to weights at all: the rest is for the KV cache. */
const EXACT_SHARE = 1 / 8
const SHARE = 1 / 2

/** Bytes of a weight, scales included. */
const BYTES = { f32: 4, f16: 2, q8: 1.0625, q4: 0.5625 }

/**
 * What the option `weights` means for this checkpoint. `f32`, `f16`: all weights. `q8`, `q4`: floats and wider integers
 * are rounded, others stay. `auto`: integers stay; floats are f32 in a model that is small beside the budget, else the
 * widest of the others with which the weights take at most half of it.
 */
export function chooseWeights(
  { weights }: Pick<Settings, 'weights'>,
  checkpoint: Pick<Checkpoint, 'tensors'>,
  budget: MemoryBudget,
): WeightChoice {
  if (weights !== 'auto') return { format: weights, keepsIntegers: weights === 'q8' || weights === 'q4' }
  const count = numWeights(checkpoint)
  const fits = (format: keyof typeof BYTES, share: number) => count * BYTES[format] <= budget.bytes * share
  const format = fits('f32', EXACT_SHARE) ? 'f32' : fits('f16', SHARE) ? 'f16' : fits('q8', SHARE) ? 'q8' : 'q4'
  return { format, keepsIntegers: true }
}

/** The part of a model's budget that its weights may take, where one can choose among its files. */
export function weightRoom({ bytes, reason }: MemoryBudget): MemoryBudget {
  return { bytes: bytes * SHARE, reason: `half of what a model may take: ${reason}` }
}

/** Elements of all tensors. */
export function numWeights({ tensors }: Pick<Checkpoint, 'tensors'>): number {
  let count = 0
  for (const { shape } of tensors.values()) count += shape.reduce((product, size) => product * size, 1)
  return count
}
