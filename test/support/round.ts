import { float16Bits, float16Value } from '../../src/core/float16'
import type { WeightFormat } from '../../src/kernels/matrix'

/** The weights as the format keeps them. */
export function roundWeights(weights: Float32Array<ArrayBuffer>, format: WeightFormat): Float32Array<ArrayBuffer> {
  if (format === 'f32') return weights
  return Float32Array.from(new Uint32Array(weights.buffer), bits => float16Value(float16Bits(bits)))
}
