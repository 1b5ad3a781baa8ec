import { expect, test } from 'vitest'
import { CorruptCheckpoint } from '../../../src/core/errors'
import type { RawRows } from '../../../src/loader/weights/checkpoint'
import { decodeRows } from '../../../src/loader/weights/decode-rows'

function rawRows(values: ArrayBufferView<ArrayBuffer>, fields: Partial<RawRows>): RawRows {
  const bytes = new Uint8Array(values.buffer)
  return {
    file: 'model.safetensors',
    name: 'w',
    firstRow: 0,
    numRows: 1,
    cols: 1,
    encoding: { type: 'F32' },
    bytes,
    ...fields,
  }
}

test.each([Number.NaN, Number.POSITIVE_INFINITY])('a weight of %s is corrupt, with tensor and place', bad => {
  const raw = rawRows(Float32Array.of(1, 2, 3, bad), { firstRow: 16, numRows: 2, cols: 2 })
  expect(() => decodeRows(raw, false)).toThrow(CorruptCheckpoint)
  expect(() => decodeRows(raw, false)).toThrow(`model.safetensors: tensor w holds ${bad} at [row 17, element 1].`)
})

test('a scale that is not finite is corrupt', () => {
  const block = new Uint8Array(34)
  block[1] = 0x7c
  const raw = rawRows(block, { cols: 32, encoding: { type: 'Q8_0' } })
  expect(() => decodeRows(raw, true)).toThrow('tensor w holds Infinity at [row 0, element 0].')
})

test('pairs of rows become halves of a head, rows of elements and elements of a vector alike', () => {
  const encoding = { type: 'F32', headDim: 4 }
  const matrix = rawRows(
    Float32Array.from({ length: 16 }, (_, i) => i),
    { numRows: 8, cols: 2, encoding },
  )
  expect(decodeRows(matrix, false)).toEqual(Float32Array.of(0, 1, 4, 5, 2, 3, 6, 7, 8, 9, 12, 13, 10, 11, 14, 15))
  const vector = rawRows(Float32Array.of(0, 1, 2, 3), { cols: 4, encoding })
  expect(decodeRows(vector, false)).toEqual(Float32Array.of(0, 2, 1, 3))
})
