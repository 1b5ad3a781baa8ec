import { blockFormat, float16At, type TensorFormat } from './block'

// ggml's "K" family of 2 and 3 bits: 256 elements in runs of 16, which are too short for our groups.

/** 16 bytes of 4-bit scales (below) and minima (above), 64 bytes of 2-bit quads, d, m (f16): y = d scale q - m min */
export const q2_k: TensorFormat = blockFormat('Q2_K', 256, 84, (bytes, at, out, first) => {
  const blockScale = float16At(bytes, at + 80)
  const blockMin = float16At(bytes, at + 82)
  for (let i = 0; i < 256; i++) {
    const run = bytes[at + (i >> 4)]
    out[first + i] = blockScale * (run & 15) * twoBits(bytes, at + 16, i) - blockMin * (run >> 4)
  }
})

/** 32 bytes of third bits, 64 bytes of 2-bit quads, 12 bytes of 6-bit scales, d (f16): y = d (scale - 32) (q - 4) */
export const q3_k: TensorFormat = blockFormat('Q3_K', 256, 110, (bytes, at, out, first) => {
  const blockScale = float16At(bytes, at + 108)
  for (let i = 0; i < 256; i++) {
    const third = (bytes[at + (i & 31)] >> (i >> 5)) & 1
    const q = twoBits(bytes, at + 32, i) + third * 4 - 4
    out[first + i] = blockScale * (sixBits(bytes, at + 96, i >> 4) - 32) * q
  }
})

/** Each half of a block has its elements in 32 bytes: two bits for each of the elements i, 32 + i, 64 + i, 96 + i. */
function twoBits(bytes: Uint8Array, at: number, i: number): number {
  return (bytes[at + (i >> 7) * 32 + (i & 31)] >> (((i >> 5) & 3) * 2)) & 3
}

/** The scale of a run: low bits of runs 0 to 7 below in bytes 0 to 7 and of 8 to 15 above, high bits of runs r, 4 + r, … in byte 8 + r. */
function sixBits(bytes: Uint8Array, at: number, run: number): number {
  const low = (bytes[at + (run & 7)] >> ((run >> 3) * 4)) & 15
  const high = (bytes[at + 8 + (run & 3)] >> ((run >> 2) * 2)) & 3
  return low | (high << 4)
}
