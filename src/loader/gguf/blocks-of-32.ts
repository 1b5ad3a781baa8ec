import type { QuantizedRows } from '../../core/rows'
import { blockFormat, float16At, GROUP, int8At, setAffineGroup, type TensorFormat } from './block'

// ggml's first family: 32 elements share a scale d (f16), and in the _1 formats a minimum m (f16).
// Each element is rounded once: products and sums of so few bits are exact in f64.

/** d (f16), 32 × i8: y = d q */
export const q8_0: TensorFormat = blockFormat(
  'Q8_0',
  32,
  34,
  (bytes, at, out, first) => {
    const scale = float16At(bytes, at)
    for (let i = 0; i < 32; i++) out[first + i] = scale * int8At(bytes, at + 2 + i)
  },
  {
    bits: 8,
    hasZeros: false,
    isRounded: false,
    repackBlock: (bytes, at, { codes, scales }, first) => {
      scales[first / GROUP] = float16At(bytes, at)
      for (let i = 0; i < 32; i++) codes[first + i] = bytes[at + 2 + i] ^ 128
    },
  },
)

/** d (f16), 16 bytes of 4-bit pairs: y = d (q - 8) */
export const q4_0: TensorFormat = blockFormat(
  'Q4_0',
  32,
  18,
  (bytes, at, out, first) => {
    const scale = float16At(bytes, at)
    decodePairs(bytes, at + 2, 0, scale, -8 * scale, out, first)
  },
  {
    bits: 4,
    hasZeros: false,
    isRounded: false,
    repackBlock: (bytes, at, out, first) => {
      out.scales[first / GROUP] = float16At(bytes, at)
      repackPairs(bytes, at + 2, 0, out, first, 0)
    },
  },
)

/** d, m (f16), 16 bytes of 4-bit pairs: y = d q + m */
export const q4_1: TensorFormat = blockFormat(
  'Q4_1',
  32,
  20,
  (bytes, at, out, first) => {
    decodePairs(bytes, at + 4, 0, float16At(bytes, at), float16At(bytes, at + 2), out, first)
  },
  {
    bits: 4,
    hasZeros: true,
    isRounded: true,
    repackBlock: (bytes, at, out, first) => {
      repackPairs(bytes, at + 4, 0, out, first, 0)
      setAffineGroup(out, first, float16At(bytes, at), float16At(bytes, at + 2))
    },
  },
)

/** d (f16), the fifth bits (u32), 16 bytes of 4-bit pairs: y = d (q - 16) */
export const q5_0: TensorFormat = blockFormat(
  'Q5_0',
  32,
  22,
  (bytes, at, out, first) => {
    const scale = float16At(bytes, at)
    decodePairs(bytes, at + 6, uint32At(bytes, at + 2), scale, -16 * scale, out, first)
  },
  {
    bits: 8,
    hasZeros: false,
    isRounded: false,
    repackBlock: (bytes, at, out, first) => {
      out.scales[first / GROUP] = float16At(bytes, at)
      repackPairs(bytes, at + 6, uint32At(bytes, at + 2), out, first, 128 - 16)
    },
  },
)

/** d, m (f16), the fifth bits (u32), 16 bytes of 4-bit pairs: y = d q + m */
export const q5_1: TensorFormat = blockFormat(
  'Q5_1',
  32,
  24,
  (bytes, at, out, first) => {
    decodePairs(bytes, at + 8, uint32At(bytes, at + 4), float16At(bytes, at), float16At(bytes, at + 2), out, first)
  },
  {
    bits: 8,
    hasZeros: true,
    isRounded: true,
    repackBlock: (bytes, at, out, first) => {
      repackPairs(bytes, at + 8, uint32At(bytes, at + 4), out, first, 0)
      setAffineGroup(out, first, float16At(bytes, at), float16At(bytes, at + 2))
    },
  },
)

/** y = scale q + min. Byte i holds q of element i (low half) and of element i + 16; bit e of `fifthBits` is element e's. */
function decodePairs(
  bytes: Uint8Array,
  at: number,
  fifthBits: number,
  scale: number,
  min: number,
  out: Float32Array,
  first: number,
): void {
  for (let i = 0; i < 16; i++) {
    const pair = bytes[at + i]
    const low = (pair & 15) | (((fifthBits >>> i) & 1) << 4)
    const high = (pair >> 4) | (((fifthBits >>> (i + 16)) & 1) << 4)
    out[first + i] = scale * low + min
    out[first + i + 16] = scale * high + min
  }
}

/** The q of `decodePairs`, plus `shift`, as codes. */
function repackPairs(
  bytes: Uint8Array,
  at: number,
  fifthBits: number,
  { codes }: QuantizedRows,
  first: number,
  shift: number,
): void {
  for (let i = 0; i < 16; i++) {
    const pair = bytes[at + i]
    codes[first + i] = ((pair & 15) | (((fifthBits >>> i) & 1) << 4)) + shift
    codes[first + i + 16] = ((pair >> 4) | (((fifthBits >>> (i + 16)) & 1) << 4)) + shift
  }
}

function uint32At(bytes: Uint8Array, at: number): number {
  return bytes[at] | (bytes[at + 1] << 8) | (bytes[at + 2] << 16) | (bytes[at + 3] << 24)
}
