import { float16Value } from '../../../src/core/float16'
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

type Value = (block: Block, i: number) => number

/** Two bits of element i: of each 128 elements the bytes are 32, and bits 2 j and 2 j + 1 those of elements 32 j to 32 j + 31. */
const crumb = (block: Block, at: number, i: number) =>
  bits(block[at + 32 * Math.floor(i / 128) + (i % 32)], 2 * (Math.floor(i / 32) % 4), 2)

/** Scale of run r of Q3_K, as the table in gguf-py has its bits. */
function threeBitScale(block: Block, r: number): number {
  return bits(block[96 + (r % 8)], r < 8 ? 0 : 4, 4) + 16 * bits(block[104 + (r % 4)], 2 * Math.floor(r / 4), 2)
}

/** kvalues_iq4nl of ggml-common.h. */
const NON_LINEAR = [-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113]

/** E2M1 by its definition: sign, two bits of an exponent with the bias 1, one of a fraction. */
function e2m1(code: number): number {
  const [sign, exponent, fraction] = [code >> 3, (code >> 1) % 4, code % 2]
  return (-1) ** sign * (exponent === 0 ? fraction / 2 : (1 + fraction / 2) * 2 ** (exponent - 1))
}

/** By ggml's names: elements and bytes of a block, and element i of it. */
export const REFERENCES: Readonly<
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
  Q2_K: [
    ...[256, 84],
    (block, i) => {
      const run = block[Math.floor(i / 16)]
      return half(block, 80) * bits(run, 0, 4) * crumb(block, 16, i) - half(block, 82) * bits(run, 4, 4)
    },
  ] as [number, number, Value],
  Q3_K: [
    ...[256, 110],
    (block, i) => {
      const isHigh = bits(block[i % 32], Math.floor(i / 32), 1)
      return (
        half(block, 108) * (threeBitScale(block, Math.floor(i / 16)) - 32) * (crumb(block, 32, i) - (isHigh ? 0 : 4))
      )
    },
  ] as [number, number, Value],
  IQ4_NL: [32, 18, (block, i) => half(block, 0) * NON_LINEAR[nibble(block, 2, i)]],
  IQ4_XS: [
    ...[256, 136],
    (block, i) => {
      const run = Math.floor(i / 32)
      const high = bits(block[2 + Math.floor(run / 4)], 2 * (run % 4), 2)
      const low = bits(block[4 + Math.floor(run / 2)], 4 * (run % 2), 4)
      return half(block, 0) * (low + 16 * high - 32) * NON_LINEAR[nibble(block, 8 + 16 * run, i % 32)]
    },
  ] as [number, number, Value],
  MXFP4: [32, 17, (block, i) => 2 ** (block[0] - 127) * e2m1(nibble(block, 1, i))],
  TQ1_0: [
    ...[256, 54],
    (block, i) => {
      const [byte, trit] =
        i < 160
          ? [i % 32, Math.floor(i / 32)]
          : i < 240
            ? [32 + (i % 16), Math.floor(i / 16) - 10]
            : [48 + (i % 4), Math.floor((i - 240) / 4)]
      return half(block, 52) * (Math.floor((((block[byte] * 3 ** trit) % 256) * 3) / 256) - 1)
    },
  ] as [number, number, Value],
  TQ2_0: [256, 66, (block, i) => half(block, 64) * (crumb(block, 0, i) - 1)],
}

/** Where a block has f16 fields, and the power of two that makes its values about ±1/8. */
const FIELDS: Readonly<Record<string, readonly [at: number, exponent: number][]>> = {
  Q8_0: [[0, -10]],
  Q4_0: [[0, -6]],
  Q4_1: [
    [0, -6],
    [2, -3],
  ],
  Q5_0: [[0, -7]],
  Q5_1: [
    [0, -7],
    [2, -3],
  ],
  Q4_K: [
    [0, -12],
    [2, -9],
  ],
  Q5_K: [
    [0, -13],
    [2, -9],
  ],
  Q6_K: [[208, -15]],
  Q2_K: [
    [80, -9],
    [82, -9],
  ],
  Q3_K: [[108, -10]],
  IQ4_NL: [[0, -10]],
  IQ4_XS: [[0, -15]],
  TQ1_0: [[52, -3]],
  TQ2_0: [[64, -3]],
}

/** A random block whose f16 fields are of a model's size: in random bits a third are enormous. */
export function plausibleBlock(name: string, random: Random): Uint8Array<ArrayBuffer> {
  const block = Uint8Array.from({ length: REFERENCES[name][1] }, () => random.int(0, 256))
  // below f16's least normal number there is no exponent to write
  if (name === 'MXFP4') block[0] = 119 + (block[0] % 8)
  for (const [at, exponent] of FIELDS[name] ?? []) {
    const biased = Math.max(0, exponent + 15)
    // a minimum is below zero where it is added, above where it is subtracted
    const sign = at === 2 && !name.endsWith('K') ? 1 : 0
    block[at + 1] = (sign << 7) | (biased << 2) | (block[at + 1] & 3)
  }
  return block
}
