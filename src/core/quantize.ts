import type { QuantizedRows } from './rows'

/** Which integers: see `QuantizedRows`. */
export interface QuantizeOptions {
  readonly bits: 4 | 8
  readonly group: 32 | 64 | 128
  readonly hasZeros: boolean
}

/** The weights that the integers stand for: the f32 nearest to each. */
export function dequantize({ bits, group, codes, scales, zeros }: QuantizedRows): Float32Array<ArrayBuffer> {
  const values = new Float32Array(codes.length)
  for (let g = 0; g < scales.length; g++) {
    const scale = scales[g]
    const zero = zeros ? zeros[g] : 1 << (bits - 1)
    // exact in f64: rounded once, when it is stored
    for (let i = g * group; i < (g + 1) * group; i++) values[i] = (codes[i] - zero) * scale
  }
  return values
}

/**
 * Rounds weights to integers, a group at a time, such that their squared error is small.
 * The scale of a group that f16 cannot scale is not finite.
 */
export function quantize(values: Float32Array, { bits, group, hasZeros }: QuantizeOptions): QuantizedRows {
  const numGroups = values.length / group
  const codes = new Uint8Array(values.length)
  const scales = new Float32Array(numGroups)
  const zeros = hasZeros ? new Float32Array(numGroups).fill(1 << (bits - 1)) : undefined
  for (let g = 0; g < numGroups; g++) scales[g] = quantizeGroup(values, g * group, group, bits, codes)
  return { bits, group, codes, scales, zeros }
}

function quantizeGroup(values: Float32Array, from: number, group: number, bits: number, codes: Uint8Array): number {
  const zero = 1 << (bits - 1)
  let extreme = 0
  for (let i = from; i < from + group; i++) {
    const w = values[i]
    if (!(Math.abs(w) <= Math.abs(extreme))) extreme = w
  }
  const scale = roundToFloat16(extreme / -zero)
  const inverse = scale === 0 ? 0 : 1 / scale
  const top = 2 * zero - 1
  for (let i = from; i < from + group; i++) {
    const code = (values[i] * inverse + (zero + 0.5)) | 0
    codes[i] = code > top ? top : code
  }
  return scale
}

/** The f16 nearest to x, as a number; infinite from 65520 on. */
function roundToFloat16(x: number): number {
  const size = Math.abs(x)
  if (!(size < 65520)) return x * Number.POSITIVE_INFINITY
  // counts of 2^-24 below 2^-14; above, the split of Veltkamp keeps the 11 highest bits
  if (size < 2 ** -14) return x + 1.5 * 2 ** 28 - 1.5 * 2 ** 28
  const shifted = x * (2 ** 42 + 1)
  return shifted - (shifted - x)
}
