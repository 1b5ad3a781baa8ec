import { describe, expect, it, test } from 'vitest'
import { UnsupportedModel } from '../../src/core/errors'
import { dequantize, quantize } from '../../src/core/quantize'
import type { QuantizedRows } from '../../src/core/rows'
import type { MatrixFormat } from '../../src/kernels/matrix-format'
import { packRows } from '../../src/kernels/pack'
import { FORMATS, meant, roundWeights, unpackedRows } from '../support/matrices'
import { random } from '../support/random'

describe.each(FORMATS)('rows packed as $name', ({ format, colsFor }) => {
  it('are those that the format means, with zeros up to the end of the tile', () => {
    const [rows, cols] = [37, colsFor(72)]
    const values = random(1).floats(rows * cols)
    const packed = packRows(format, values, rows, cols)
    const expected = new Float32Array(48 * cols)
    expected.set(roundWeights(values, format))
    expect(packed.numRows).toBe(rows)
    expect(unpackedRows(format, packed, cols)).toEqual(expected)
  })
})

const [ROWS, COLS] = [20, 256]

/** Integers at random, with scales of both signs. */
function integers(bits: 4 | 8, group: 32 | 64 | 128, hasZeros: boolean): QuantizedRows {
  const { int, next } = random(2)
  const length = (ROWS * COLS) / group
  return {
    bits,
    group,
    codes: Uint8Array.from({ length: ROWS * COLS }, () => int(0, 2 ** bits)),
    scales: Float32Array.from({ length }, () => (next() < 0.5 ? -1 : 1) * 2 ** -int(5, 12)),
    zeros: hasZeros ? Float32Array.from({ length }, () => int(0, 2 ** bits) / 2) : undefined,
  }
}

test.each([
  { rows: integers(4, 32, false), format: { kind: 'q4', group: 32, hasZeros: false } },
  { rows: integers(4, 128, false), format: { kind: 'q4', group: 32, hasZeros: true } },
  { rows: integers(4, 128, true), format: { kind: 'q4', group: 128, hasZeros: true } },
  { rows: integers(4, 64, false), format: { kind: 'q8', group: 64, hasZeros: false } },
  { rows: integers(4, 64, true), format: { kind: 'q8', group: 32, hasZeros: true } },
  { rows: integers(8, 64, false), format: { kind: 'q8', group: 32, hasZeros: false } },
  { rows: integers(8, 32, true), format: { kind: 'q8', group: 32, hasZeros: true } },
  { rows: integers(8, 32, true), format: { kind: 'f32' } },
] as const)('integers keep their meaning where the format can hold it: $format', ({ rows, format }) => {
  const held = unpackedRows(format, packRows(format, rows, ROWS, COLS), COLS)
  expect(held.subarray(0, ROWS * COLS)).toEqual(meant(rows))
})

test.each([
  { rows: integers(8, 32, false), format: { kind: 'q4', group: 32, hasZeros: false } },
  { rows: integers(4, 32, true), format: { kind: 'q4', group: 32, hasZeros: false } },
  { rows: integers(4, 32, false), format: { kind: 'q4', group: 64, hasZeros: false } },
] as const)('integers are rounded anew where it cannot: $format', ({ rows, format }) => {
  const anew = quantize(dequantize(rows), { ...format, bits: 4 })
  expect(packRows(format, rows, ROWS, COLS)).toEqual(packRows(format, anew, ROWS, COLS))
})

test.each([
  { format: { kind: 'f16' }, value: 70000 },
  { format: { kind: 'q8', group: 32, hasZeros: false }, value: 1e8 },
  { format: { kind: 'q4', group: 32, hasZeros: true }, value: -3e6 },
] satisfies { format: MatrixFormat; value: number }[])(
  'a weight beyond $format.kind is refused with its place, and kept by f32',
  ({ format, value }) => {
    const values = random(3).floats(20 * 64)
    values[17 * 64 + 35] = value
    const origin = { name: 'layers.0.up', firstRow: 32 }
    const pack = () => packRows(format, values, 20, 64, origin)
    expect(pack).toThrow(UnsupportedModel)
    expect(pack).toThrow(
      `layers.0.up: row 49, column 35 holds ${value}, beyond what ${format.kind} can hold. Load these weights as f32.`,
    )
    packRows({ kind: 'f32' }, values, 20, 64, origin)
  },
)
