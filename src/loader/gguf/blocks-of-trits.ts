import type { QuantizedRows } from '../../core/rows'
import { blockFormat, float16At, GROUP, type TensorFormat } from './block'

// ggml's ternary formats: 256 elements of -1, 0 or 1 times d (f16), which q4 keeps.

/** 64 bytes of 2-bit quads, d: y = d (q - 1) */
export const tq2_0: TensorFormat = ofTrits('TQ2_0', 66, (bytes, at, i) => {
  return (bytes[at + (i >> 7) * 32 + (i & 31)] >> (((i >> 5) & 3) * 2)) & 3
})

/** 48 bytes of five trits and 4 of four, d: y = d (q - 1). A byte is its trits, as a fraction in base 3, of 256. */
export const tq1_0: TensorFormat = ofTrits('TQ1_0', 54, (bytes, at, i) => {
  // runs of as many elements as there are bytes, each run with the next trit of all of them
  const [from, numBytes, firstByte] = i < 160 ? [0, 32, 0] : i < 240 ? [160, 16, 32] : [240, 4, 48]
  const trit = Math.floor((i - from) / numBytes)
  const byte = bytes[at + firstByte + ((i - from) % numBytes)]
  return (((byte * 3 ** trit) & 255) * 3) >> 8
})

function ofTrits(
  name: string,
  blockBytes: number,
  tritAt: (bytes: Uint8Array, at: number, i: number) => number,
): TensorFormat {
  const decode = (bytes: Uint8Array, at: number, out: Float32Array, first: number) => {
    const scale = float16At(bytes, at + blockBytes - 2)
    for (let i = 0; i < 256; i++) out[first + i] = scale * (tritAt(bytes, at, i) - 1)
  }
  const repackBlock = (bytes: Uint8Array, at: number, { codes, scales }: QuantizedRows, first: number) => {
    scales.fill(float16At(bytes, at + blockBytes - 2), first / GROUP, (first + 256) / GROUP)
    for (let i = 0; i < 256; i++) codes[first + i] = 8 - 1 + tritAt(bytes, at, i)
  }
  return blockFormat(name, 256, blockBytes, decode, { bits: 4, hasZeros: false, isRounded: false, repackBlock })
}
