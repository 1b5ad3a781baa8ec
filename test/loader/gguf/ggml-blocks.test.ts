import { expect, test } from 'vitest'
import { FORMATS } from '../../../src/loader/gguf/formats'
import ggmlBlocks from '../../fixtures/ggml/blocks.json'
import moreBlocks from '../../fixtures/ggml/more-blocks.json'
import { expectClose } from '../../support/compare'

const blocks = [...ggmlBlocks, ...moreBlocks]

const bytesOf = (base64: string) => Uint8Array.from(atob(base64), char => char.charCodeAt(0))

test.each(blocks)('$name: blocks decode to what ggml, or gguf-py, reads', ({ name, type, blocks, values }) => {
  const expected = new Float32Array(bytesOf(values).buffer)
  const actual = new Float32Array(expected.length)
  const format = FORMATS.get(type)
  expect(format?.name).toBe(name)
  format?.decode(bytesOf(blocks), actual)
  // ggml rounds the product and then the difference, we round once
  expectClose(actual, expected, 1e-13)
})

test('no quantised format is without a witness', () => {
  const quantised = [...FORMATS.values()].filter(({ blockLen }) => blockLen > 1)
  expect(blocks.map(({ name }) => name).sort()).toEqual(quantised.map(({ name }) => name).sort())
})
