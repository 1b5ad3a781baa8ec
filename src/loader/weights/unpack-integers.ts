import type { Rows } from '../../core/rows'
import { type AffineRows, reordered, repeatScales } from './affine-rows'
import type { PackedEncoding, RawRows, Unpacking } from './checkpoint'
import { floatsOf, partsOf, type RowParts } from './parts-of'

type Integers = Extract<Unpacking, { readonly kind: 'integers' }>

/**
 * Decodes rows of integers, whose bits follow each other from the lowest of a row's first byte on, with a scale for runs of columns:
 * those of compressed-tensors, MLX and bitsandbytes.
 */
export function unpackIntegers(raw: RawRows, encoding: PackedEncoding, unpacking: Integers): Rows {
  const { numRows, cols } = raw
  const { bits, group, isSigned, divisor } = unpacking
  const parts = partsOf(raw, encoding)
  const codes = isSigned
    ? parts[encoding.parts[0].name].map(byte => byte ^ 128)
    : unpackBits(parts[encoding.parts[0].name], bits, numRows * cols)
  const numGroups = numRows * (cols / group)
  const given = floatsOf(encoding, parts, parts.scale ? 'scale' : 'scales')
  const scales = new Float32Array(numGroups).map((_, g) => given[given.length === 1 ? 0 : g] / divisor)
  const rows: AffineRows = {
    bits: bits > 4 ? 8 : 4,
    group,
    codes,
    scales,
    zeros: zerosOf(raw, encoding, unpacking, parts),
  }
  if (parts.biases) setMinima(rows, floatsOf(encoding, parts, 'biases'))
  const order = encoding.parts.find(({ name }) => name === 'g_idx')
  return order ? reordered(raw, rows, parts.g_idx, order.dtype as 'I32' | 'I64') : repeatScales(rows, cols)
}

/** [count] integers of `bits` bits each. */
function unpackBits(bytes: Uint8Array<ArrayBuffer>, bits: number, count: number): Uint8Array<ArrayBuffer> {
  if (bits === 8) return bytes.slice(0, count)
  const codes = new Uint8Array(count)
  const most = 2 ** bits - 1
  for (let i = 0, bit = 0; i < count; i++, bit += bits) {
    const at = bit >> 3
    codes[i] = ((bytes[at] | (bytes[at + 1] << 8)) >> (bit & 7)) & most
  }
  return codes
}

/** Zeros [rows, groups] of a part that has those of all rows, in words of rows that follow each other, or in bytes. */
function zerosOf(
  { firstRow, numRows, cols }: RawRows,
  { parts }: PackedEncoding,
  { bits, group, isSigned }: Integers,
  { zero_point: stored }: RowParts,
): Float32Array<ArrayBuffer> | undefined {
  if (!stored)
    return parts.some(({ name }) => name === 'biases') ? new Float32Array(numRows * (cols / group)) : undefined
  const numGroups = cols / group
  const out = new Float32Array(numRows * numGroups)
  const perWord = 32 / bits
  const words = isSigned ? undefined : new Uint32Array(stored.buffer, stored.byteOffset, stored.length / 4)
  for (let row = 0, to = 0; row < numRows; row++) {
    for (let g = 0; g < numGroups; g++, to++) {
      const at = firstRow + row
      out[to] = words
        ? (words[Math.floor(at / perWord) * numGroups + g] >>> ((at % perWord) * bits)) & (2 ** bits - 1)
        : stored[stored.length === 1 ? 0 : at * numGroups + g] ^ 128
    }
  }
  return out
}

/** Most steps that a group's values may lie away from 0; beyond, f16 could not tell them apart, and they are taken for equal. */
const MAX_ZERO = 2048

/** Zeros, and scales where these are too small beside the minimum, from minima: w = scale · code + minimum. */
function setMinima({ group, codes, scales, zeros }: AffineRows, minima: Float32Array): void {
  for (let g = 0; g < scales.length; g++) {
    const zero = -minima[g] / scales[g]
    const isFlat = !(Math.abs(zero) <= MAX_ZERO)
    if (isFlat) {
      codes.fill(1, g * group, (g + 1) * group)
      scales[g] = minima[g]
    }
    if (zeros) zeros[g] = isFlat ? 0 : zero
  }
}
