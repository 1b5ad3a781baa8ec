import { float16Bits, float16Value } from '../../core/float16'
import { dequantize, quantize } from '../../core/quantize'
import { isQuantized, type MatrixFormat } from '../../kernels/matrix-format'

export function roundedToFloat16(values: Float32Array<ArrayBuffer>): Float32Array<ArrayBuffer> {
  const bits = new Uint32Array(values.buffer, values.byteOffset, values.length)
  return Float32Array.from(bits, each => float16Value(float16Bits(each)))
}

/** Values rounded in groups, each to 127ths of its highest magnitude. */
export function roundedToInt8(values: Float32Array<ArrayBuffer>, groupLen: number): Float32Array<ArrayBuffer> {
  const rounded = new Float32Array(values.length)
  for (let start = 0; start < values.length; start += groupLen) {
    const group = values.subarray(start, start + groupLen)
    const peak = group.reduce((highest, value) => Math.max(highest, Math.abs(value)), 0)
    for (let i = 0; i < group.length; i++) rounded[start + i] = (Math.round((group[i] / peak) * 127) / 127) * peak
  }
  return rounded
}

/** Weights as a matrix of this format keeps them. */
export function roundedWeights(format: MatrixFormat, weights: Float32Array<ArrayBuffer>): Float32Array<ArrayBuffer> {
  if (format.kind === 'f32') return weights
  if (isQuantized(format)) return dequantize(quantize(weights, { ...format, bits: format.kind === 'q8' ? 8 : 4 }))
  return roundedToFloat16(weights)
}
