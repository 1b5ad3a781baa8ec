import { describe, expect, test } from 'vitest'
import { dequantize } from '../../../src/core/quantize'
import type { QuantizedRows } from '../../../src/core/rows'
import { GROUP, type TensorFormat } from '../../../src/loader/gguf/block'
import { FORMATS } from '../../../src/loader/gguf/formats'
import { forEachSeed } from '../../support/for-each-seed'
import { plausibleBlock, REFERENCES } from './reference-blocks'

describe.each([...FORMATS.values()])('$name', format => {
  const [blockLen, blockBytes, value] = REFERENCES[format.name]

  test('blocks have the size that the format has', () => {
    expect([format.blockLen, format.blockBytes]).toEqual([blockLen, blockBytes])
  })

  test('any blocks decode to what the definition says, rounded once', () => {
    forEachSeed(200, random => {
      const numBlocks = 4
      const bytes = Uint8Array.from({ length: numBlocks * blockBytes }, () => random.int(0, 256))
      const out = new Float32Array(numBlocks * blockLen)
      format.decode(bytes, out)
      const expected = out.map((_, element) => {
        const block = Math.floor(element / blockLen)
        return value(bytes.subarray(block * blockBytes, (block + 1) * blockBytes), element % blockLen)
      })
      // + 0: the sign of a zero may differ
      expect(out.map(each => each + 0)).toEqual(expected.map(each => each + 0))
    })
  })
})

/** Blocks as integers, and what they stand for. */
function repacked({ integers, blockBytes, blockLen }: TensorFormat, bytes: Uint8Array<ArrayBuffer>) {
  if (!integers) throw new Error('these formats have integers')
  const length = (bytes.length / blockBytes) * blockLen
  const { bits, hasZeros } = integers
  const zeros = hasZeros ? new Float32Array(length / GROUP) : undefined
  const rows: QuantizedRows = {
    bits,
    group: GROUP,
    codes: new Uint8Array(length),
    scales: new Float32Array(length / GROUP),
    zeros,
  }
  integers.repack(bytes, rows)
  return { rows, values: dequantize(rows) }
}

describe.each([...FORMATS.values()].filter(({ integers }) => integers))('$name as integers', format => {
  test('stands for the same numbers, up to the rounding of scales and zeros', () => {
    let [squaredError, squaredSum] = [0, 0]
    forEachSeed(300, random => {
      const block = plausibleBlock(format.name, random)
      const { rows, values } = repacked(format, block)
      const expected = new Float32Array(format.blockLen)
      format.decode(block, expected)
      expect(rows.codes.every(code => code < 2 ** rows.bits)).toBe(true)
      if (!format.integers?.isRounded) expect(values.map(each => each + 0)).toEqual(expected.map(each => each + 0))
      for (let i = 0; i < values.length; i++) {
        squaredError += (values[i] - expected[i]) ** 2
        squaredSum += expected[i] ** 2
      }
    })
    expect(Math.sqrt(squaredError / squaredSum)).toBeLessThan(format.integers?.isRounded ? 5e-4 : 1e-12)
  })
})

test('a group whose values hardly differ from each other stays finite and close', () => {
  const q4_1 = FORMATS.get(3)
  if (!q4_1) throw new Error('Q4_1 is known')
  const block = Uint8Array.from({ length: 20 }, (_, i) => i * 13)
  // steps of 0, of either sign; of 2^-24, the least; all around 1.5
  for (const step of [0x0000, 0x8000, 0x0001]) {
    block.set([step & 255, step >> 8, 0x00, 0x3e])
    const expected = new Float32Array(32)
    q4_1.decode(block, expected)
    const { values } = repacked(q4_1, block)
    expect(Math.max(...values.map((value, i) => Math.abs(value / expected[i] - 1)))).toBeLessThan(1 / 1024)
  }
})
