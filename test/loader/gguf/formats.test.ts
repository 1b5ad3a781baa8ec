import { describe, expect, test } from 'vitest'
import { float16Value } from '../../../src/core/float16'
import { dequantize } from '../../../src/core/quantize'
import type { QuantizedRows } from '../../../src/core/rows'
import { GROUP, type TensorFormat } from '../../../src/loader/gguf/block'
import { FORMATS } from '../../../src/loader/gguf/formats'
import { forEachSeed } from '../../kv/for-each-seed'
import type { Random } from '../../support/random'

// References: the definition of each format, an element at a time, with bits of the block counted as in the structs of
// ggml-common.h. Fields are [first byte, what lies there].

type Block = Uint8Array

const half = (block: Block, at: number) => float16Value(block[at] + 256 * block[at + 1])
const signed = (byte: number) => (byte < 128 ? byte : byte - 256)
/** Bits [low, low + count) of a byte. */
const bits = (byte: number, low: number, count: number) => Math.floor(byte / 2 ** low) % 2 ** count

/** Element i of 32 nibbles: the first 16 are the low halves of the bytes, the last 16 the high. */
const nibble = (block: Block, at: number, i: number) => bits(block[at + (i % 16)], i < 16 ? 0 : 4, 4)
/** Bit i of 32. */
const fifth = (block: Block, at: number, i: number) => bits(block[at + Math.floor(i / 8)], i % 8, 1)

/** Scale and minimum of run j of a 12-byte table, as ggml's get_scale_min_k4 has it. */
function runScale(block: Block, at: number, j: number): [scale: number, min: number] {
  if (j < 4) return [bits(block[at + j], 0, 6), bits(block[at + j + 4], 0, 6)]
  const low = block[at + j + 4]
  return [bits(low, 0, 4) + 16 * bits(block[at + j - 4], 6, 2), bits(low, 4, 4) + 16 * bits(block[at + j], 6, 2)]
}

/** Elements 64 c + i and 64 c + 32 + i are the low and high half of byte 32 c + i. */
const kNibble = (block: Block, at: number, i: number) =>
  bits(block[at + 32 * Math.floor(i / 64) + (i % 32)], i % 64 < 32 ? 0 : 4, 4)

function kValue(block: Block, i: number, q: number): number {
  const [scale, min] = runScale(block, 4, Math.floor(i / 32))
  return half(block, 0) * scale * q - half(block, 2) * min
}

function sixBitValue(block: Block, i: number): number {
  const half128 = Math.floor(i / 128)
  const j = i % 128
  const low = bits(block[64 * half128 + (j % 64)], j < 64 ? 0 : 4, 4)
  const high = bits(block[128 + 32 * half128 + (j % 32)], 2 * Math.floor(j / 32), 2)
  return half(block, 208) * signed(block[192 + Math.floor(i / 16)]) * (low + 16 * high - 32)
}

const REFERENCES: Readonly<
  Record<string, readonly [len: number, bytes: number, value: (b: Block, i: number) => number]>
> = {
  F32: [1, 4, block => new DataView(block.slice().buffer).getFloat32(0, true)],
  F16: [1, 2, block => half(block, 0)],
  BF16: [1, 2, block => new DataView(Uint8Array.of(0, 0, ...block).buffer).getFloat32(0, true)],
  Q8_0: [32, 34, (block, i) => half(block, 0) * signed(block[2 + i])],
  Q4_0: [32, 18, (block, i) => half(block, 0) * (nibble(block, 2, i) - 8)],
  Q4_1: [32, 20, (block, i) => half(block, 0) * nibble(block, 4, i) + half(block, 2)],
  Q5_0: [32, 22, (block, i) => half(block, 0) * (nibble(block, 6, i) + 16 * fifth(block, 2, i) - 16)],
  Q5_1: [32, 24, (block, i) => half(block, 0) * (nibble(block, 8, i) + 16 * fifth(block, 4, i)) + half(block, 2)],
  Q4_K: [256, 144, (block, i) => kValue(block, i, kNibble(block, 16, i))],
  Q5_K: [
    256,
    176,
    (block, i) => kValue(block, i, kNibble(block, 48, i) + 16 * bits(block[16 + (i % 32)], Math.floor(i / 32), 1)),
  ],
  Q6_K: [256, 210, sixBitValue],
}

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

/** A random block whose f16 fields (`halves`) are of a model's size: in random bits a third are enormous. */
function plausibleBlock({ blockBytes }: TensorFormat, halves: readonly number[], random: Random) {
  const block = Uint8Array.from({ length: blockBytes }, () => random.int(0, 256))
  // 2^-10 to 2^-3, either sign
  for (const at of halves) block[at + 1] = (random.int(0, 2) << 7) | random.int(0x14, 0x30)
  return block
}

const FIELDS: Readonly<Record<string, readonly number[]>> = {
  Q8_0: [0],
  Q4_0: [0],
  Q4_1: [0, 2],
  Q5_0: [0],
  Q5_1: [0, 2],
  Q4_K: [0, 2],
  Q5_K: [0, 2],
}

describe.each([...FORMATS.values()].filter(({ integers }) => integers))('$name as integers', format => {
  test('stands for the same numbers, up to the rounding of scales and zeros', () => {
    let [squaredError, squaredSum] = [0, 0]
    forEachSeed(300, random => {
      const block = plausibleBlock(format, FIELDS[format.name], random)
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
