import { expect, test } from 'vitest'
import { CorruptCheckpoint, UnsupportedModel } from '../../src/core/errors'
import { dequantize } from '../../src/core/quantize'
import type { MatrixFormat, QuantizedFormat } from '../../src/kernels/matrix-format'
import { type PackedRows, packRows } from '../../src/kernels/pack'
import type { RawRows } from '../../src/loader'
import { decodeRows } from '../../src/loader/weights/decode-rows'
import { packSlab } from '../../src/packing/pack-slab'
import { unpackTile } from '../../src/packing/unpack-tile'
import { plausibleBlock, REFERENCES } from '../loader/gguf/reference-blocks'
import { forEachSeed } from '../support/for-each-seed'
import { random } from '../support/random'

const COLS = 256
const ROWS = 19

/** Rows of random blocks. */
function blockRows(type: string, seed: number): RawRows {
  const [blockLen, blockBytes] = REFERENCES[type]
  const source = random(seed)
  const bytes = new Uint8Array(((ROWS * COLS) / blockLen) * blockBytes)
  for (let at = 0; at < bytes.length; at += blockBytes) bytes.set(plausibleBlock(type, source), at)
  return { file: 'model.gguf', name: 'w', firstRow: 0, numRows: ROWS, cols: COLS, encoding: { type }, bytes }
}

/** The first 16 rows as the file has them. */
function given(raw: RawRows): Float32Array {
  const rows = decodeRows(raw, false)
  return (rows instanceof Float32Array ? rows : dequantize(rows)).subarray(0, 16 * COLS)
}

const packed = (raw: RawRows, format: MatrixFormat) => packSlab({ raw, format }).rows as PackedRows
const q = (kind: 'q8' | 'q4', hasZeros: boolean): QuantizedFormat => ({ kind, group: 32, hasZeros })

test.each<[string, QuantizedFormat]>([
  ['Q8_0', q('q8', false)],
  ['Q8_0', q('q8', true)],
  ['Q5_0', q('q8', false)],
  ['Q4_0', q('q4', false)],
  ['Q4_0', q('q4', true)],
  ['Q4_0', q('q8', false)],
  ['Q4_0', q('q8', true)],
])('%s in %j is the same numbers, without loss', (type, format) => {
  forEachSeed(5, ({ int }) => {
    const raw = blockRows(type, int(0, 1e9))
    const kept = unpackTile(format, packed(raw, format), COLS)
    expect(kept.map(each => each + 0)).toEqual(given(raw).map(each => each + 0))
    expect(packSlab({ raw, format }).loss?.squaredError).toBe(0)
  })
})

test.each<[string, QuantizedFormat, number, number]>([
  ['Q4_1', q('q4', true), 0, 1e-3],
  ['Q4_1', q('q8', true), 0, 1e-3],
  ['Q4_K', q('q4', true), 1e-6, 1e-3],
  ['Q5_K', q('q8', true), 1e-6, 1e-3],
  ['Q6_K', q('q8', false), 1e-4, 1e-2],
  ['Q8_0', q('q4', false), 1e-2, 0.2],
])('the loss of %s in %j is that of its first rows, as a naive sum has it', (type, format, least, most) => {
  const raw = blockRows(type, 1)
  const { loss } = packSlab({ raw, format })
  const kept = unpackTile(format, packed(raw, format), COLS)
  let [error, sum] = [0, 0]
  given(raw).forEach((value, i) => {
    error += (kept[i] - value) ** 2
    sum += value ** 2
  })
  expect(loss?.squaredError).toBeCloseTo(error, 9)
  expect(loss?.squaredSum).toBeCloseTo(sum, 6)
  const relativeRms = Math.sqrt(error / sum)
  expect(relativeRms).toBeGreaterThanOrEqual(least)
  expect(relativeRms).toBeLessThan(most)
})

test('floats have no loss to speak of, and vectors come out as they are', () => {
  const values = random(3).floats(32)
  const raw: RawRows = {
    ...blockRows('Q8_0', 1),
    encoding: { type: 'F32' },
    numRows: 1,
    cols: 32,
    bytes: new Uint8Array(values.slice().buffer),
  }
  expect(packSlab({ raw, format: { kind: 'f16' } }).loss).toBeUndefined()
  expect(packSlab({ raw, format: undefined })).toEqual({ rows: values, loss: undefined })
})

/** All 16-bit floats whose magnitudes lie below `limit`, in rows of 256. */
function halfFloats(type: 'BF16' | 'F16', limit: number): RawRows {
  const halves = Uint16Array.from({ length: 2 ** 16 }, (_, half) => ((half & 0x7fff) < limit ? half : 0))
  const bytes = new Uint8Array(halves.buffer)
  return { file: 'f', name: 'w', firstRow: 0, numRows: 256, cols: COLS, encoding: { type }, bytes }
}

// magnitudes from there on are infinite in f16
test.each([
  ['BF16', 0x4780],
  ['F16', 0x7c00],
] as const)('%s kept as f16 is what its f32 are rounded to, for every number there is', (type, limit) => {
  const whole = halfFloats(type, limit)
  for (const numRows of [256, 250]) {
    const raw = { ...whole, numRows, bytes: whole.bytes.slice(0, numRows * COLS * 2) }
    const rows = packRows({ kind: 'f16' }, decodeRows(raw, false), numRows, COLS)
    expect(packed(raw, { kind: 'f16' })).toEqual(rows)
  }
})

test.each([
  ['BF16', 0x4781, UnsupportedModel, 'w: row 199, column 128 holds -65536, beyond what f16 can hold.'],
  ['BF16', 0x7f81, CorruptCheckpoint, 'f: tensor w holds Infinity at'],
  ['F16', 0x7c01, CorruptCheckpoint, 'f: tensor w holds Infinity at'],
] as const)('%s up to magnitude %i is refused, and what is wrong is named', (type, limit, kind, message) => {
  const raw = halfFloats(type, limit)
  expect(() => packSlab({ raw, format: { kind: 'f16' } })).toThrow(kind)
  expect(() => packSlab({ raw, format: { kind: 'f16' } })).toThrow(message)
})
