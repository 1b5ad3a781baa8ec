/** Matrices in every format, for tests of the kernels that read them. */
import { float16Bits, float16Value } from '../../src/core/float16'
import { quantize } from '../../src/core/quantize'
import type { QuantizedRows } from '../../src/core/rows'
import type { Gpu } from '../../src/gpu/device'
import { createMatrix, type Matrix } from '../../src/kernels/matrix'
import { BLOCK_COLS, isQuantized, type MatrixFormat, tileWords } from '../../src/kernels/matrix-format'
import { packRows } from '../../src/kernels/pack'

const MATRIX_FORMATS: readonly MatrixFormat[] = [
  { kind: 'f32' },
  { kind: 'f16' },
  { kind: 'q8', group: 32, hasZeros: false },
  { kind: 'q8', group: 128, hasZeros: true },
  { kind: 'q4', group: 32, hasZeros: false },
  { kind: 'q4', group: 64, hasZeros: false },
  { kind: 'q4', group: 32, hasZeros: true },
]

/** Each format with its name for tests, and how many columns it takes to have as many as `least` of them. */
export const FORMATS = MATRIX_FORMATS.map(format => {
  const multiple = isQuantized(format) ? format.group : 8
  return {
    format,
    name: isQuantized(format) ? `${format.kind}:${multiple}${format.hasZeros ? ':zeros' : ''}` : format.kind,
    colsFor: (least: number) => Math.ceil(least / multiple) * multiple,
  }
})

/** A matrix of one part that holds these weights, in buffers of `sliceTiles` tiles or as large as they can be. */
export function filledMatrix(
  gpu: Gpu,
  weights: Float32Array<ArrayBuffer>,
  cols: number,
  format: MatrixFormat,
  sliceTiles?: number,
): Matrix {
  const rows = weights.length / cols
  const maxSliceBytes = sliceTiles === undefined ? undefined : (sliceTiles + 0.9) * tileWords(cols, format) * 4
  const matrix = createMatrix(gpu, 'w', [rows], cols, format, { maxSliceBytes })
  matrix.write(0, 0, packRows(format, weights, rows, cols))
  return matrix
}

/** The weights as the format keeps them. */
export function roundWeights(weights: Float32Array<ArrayBuffer>, format: MatrixFormat): Float32Array<ArrayBuffer> {
  if (format.kind === 'f32') return weights
  if (isQuantized(format)) return meant(quantize(weights, { ...format, bits: format.kind === 'q8' ? 8 : 4 }))
  return Float32Array.from(new Uint32Array(weights.buffer), bits => float16Value(float16Bits(bits)))
}

/** What integers mean, one weight after the other; never -0. */
export function meant({ bits, group, codes, scales, zeros }: QuantizedRows): Float32Array<ArrayBuffer> {
  return Float32Array.from(codes, (code, i) => {
    const g = Math.floor(i / group)
    return (code - (zeros?.[g] ?? 2 ** (bits - 1))) * scales[g] + 0
  })
}

/**
 * The weights [tiles · 16, cols] of whole tiles, never -0. Block k of row n lies at ((n / 16) · blocks + k) · 16 + n % 16, and the
 * scale of group g of row n at ((n / 16) · groups + g) · 16 + n % 16.
 */
export function unpackedRows(
  format: MatrixFormat,
  { weights, scales }: { readonly weights: Uint32Array; readonly scales: Uint32Array },
  cols: number,
): Float32Array {
  const len = BLOCK_COLS[format.kind]
  const halves = new Uint16Array(scales.buffer)
  const place = (n: number, index: number, perRow: number) => (Math.floor(n / 16) * perRow + index) * 16 + (n % 16)
  return Float32Array.from({ length: (weights.length / 4) * len }, (_, i) => {
    const [n, k] = [Math.floor(i / cols), i % cols]
    const value = valueAt(weights, format, place(n, Math.floor(k / len), cols / len) * len + (k % len))
    if (!isQuantized(format)) return value + 0
    const { group, hasZeros } = format
    const at = place(n, Math.floor(k / group), cols / group)
    const scale = float16Value(halves[hasZeros ? 2 * at : at])
    const zero = hasZeros ? float16Value(halves[2 * at + 1]) : format.kind === 'q8' ? 128 : 8
    return (value - zero) * scale + 0
  })
}

/** The weight, or the code of one, at an index of packed words. */
function valueAt(words: Uint32Array, { kind }: MatrixFormat, index: number): number {
  if (kind === 'f32') return new Float32Array(words.buffer)[index]
  if (kind === 'f16') return float16Value(new Uint16Array(words.buffer)[index])
  const bytes = new Uint8Array(words.buffer)
  if (kind === 'q8') return bytes[index]
  const byte = bytes[Math.floor(index / 8) * 4 + (index % 4)]
  return index % 8 < 4 ? byte & 15 : byte >> 4
}
