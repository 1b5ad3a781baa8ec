/**
 * Plain encoders for ggml's formats: each run of elements gets the scale (and minimum) that spans it, each element the
 * nearest step. llama.cpp searches for better ones; what the formats can hold at least is what these give.
 */
import { float16Bits, float16Value } from '../../src/core/float16'

/** Encodes whole blocks of f32. */
export type Encode = (values: Float32Array) => Uint8Array<ArrayBuffer>

/** The nearest f16, as bits. */
function half(value: number): number {
  return float16Bits(new Uint32Array(Float32Array.of(value).buffer)[0])
}

const clamp = (value: number, low: number, high: number) => Math.min(high, Math.max(low, Math.round(value)))

function blocks(
  blockLen: number,
  blockBytes: number,
  encode: (block: Float32Array, out: Uint8Array, view: DataView) => void,
): Encode {
  return values => {
    const bytes = new Uint8Array((values.length / blockLen) * blockBytes)
    for (let index = 0; index * blockLen < values.length; index++) {
      const out = bytes.subarray(index * blockBytes, (index + 1) * blockBytes)
      encode(values.subarray(index * blockLen, (index + 1) * blockLen), out, new DataView(out.buffer, out.byteOffset))
    }
    return bytes
  }
}

/** The element that is largest in magnitude, with its sign. */
function extreme(values: Float32Array): number {
  return values.reduce((most, value) => (Math.abs(value) > Math.abs(most) ? value : most), 0)
}

const inverse = (scale: number) => (scale === 0 ? 0 : 1 / scale)

const q8_0 = blocks(32, 34, (block, _out, view) => {
  const bits = half(Math.abs(extreme(block)) / 127)
  const factor = inverse(float16Value(bits))
  view.setUint16(0, bits, true)
  block.forEach((value, i) => {
    view.setInt8(2 + i, clamp(value * factor, -127, 127))
  })
})

/** Formats of 32 elements with 4 or 5 bits, symmetric (the extreme is the lowest step) or with a minimum. */
function pairs(numBits: 4 | 5, hasMin: boolean): Encode {
  const headBytes = (hasMin ? 4 : 2) + (numBits === 5 ? 4 : 0)
  return blocks(32, headBytes + 16, (block, out, view) => {
    const most = 2 ** numBits - 1
    const low = Math.min(...block)
    const scaleBits = half(hasMin ? (Math.max(...block) - low) / most : extreme(block) / -(2 ** (numBits - 1)))
    const factor = inverse(float16Value(scaleBits))
    view.setUint16(0, scaleBits, true)
    if (hasMin) view.setUint16(2, half(low), true)
    const zero = hasMin ? -float16Value(half(low)) * factor : 2 ** (numBits - 1)
    let fifthBits = 0
    block.forEach((value, i) => {
      const code = clamp(value * factor + zero, 0, most)
      out[headBytes + (i % 16)] |= (code & 15) << (i < 16 ? 0 : 4)
      fifthBits |= (code >> 4) << i
    })
    if (numBits === 5) view.setUint32(headBytes - 4, fifthBits >>> 0, true)
  })
}

/** Q4_K and Q5_K: runs of 32 with 6-bit scales and minima. */
function runsOf32(numBits: 4 | 5): Encode {
  const most = 2 ** numBits - 1
  const pairsAt = numBits === 5 ? 48 : 16
  return blocks(256, pairsAt + 128, (block, out, view) => {
    const runs = Array.from({ length: 8 }, (_, run) => block.subarray(run * 32, run * 32 + 32))
    const lows = runs.map(run => Math.min(0, ...run))
    const spans = runs.map((run, index) => (Math.max(0, ...run) - lows[index]) / most)
    const [d, m] = [half(Math.max(...spans) / 63), half(-Math.min(...lows) / 63)]
    view.setUint16(0, d, true)
    view.setUint16(2, m, true)
    runs.forEach((run, index) => {
      const scale = clamp(spans[index] * inverse(float16Value(d)), 0, 63)
      const min = clamp(-lows[index] * inverse(float16Value(m)), 0, 63)
      setSixBits(out, index, scale, min)
      const factor = inverse(float16Value(d) * scale)
      run.forEach((value, i) => {
        const code = clamp((value + float16Value(m) * min) * factor, 0, most)
        out[pairsAt + (index >> 1) * 32 + i] |= (code & 15) << (4 * (index & 1))
        if (numBits === 5) out[16 + i] |= (code >> 4) << index
      })
    })
  })
}

function setSixBits(out: Uint8Array, run: number, scale: number, min: number): void {
  if (run < 4) {
    out[4 + run] |= scale
    out[8 + run] |= min
  } else {
    out[8 + run] |= (scale & 15) | ((min & 15) << 4)
    out[run] |= (scale >> 4) << 6
    out[4 + run] |= (min >> 4) << 6
  }
}

const q6_k = blocks(256, 210, (block, out, view) => {
  const scales = Array.from({ length: 16 }, (_, run) => extreme(block.subarray(run * 16, run * 16 + 16)) / -32)
  const d = half(Math.max(...scales.map(Math.abs)) / 127)
  view.setUint16(208, d, true)
  block.forEach((value, i) => {
    const scale = clamp(scales[i >> 4] * inverse(float16Value(d)), -127, 127)
    view.setInt8(192 + (i >> 4), scale)
    const code = clamp(value * inverse(float16Value(d) * scale) + 32, 0, 63)
    const within = i % 128
    out[(i >> 7) * 64 + (within % 64)] |= (code & 15) << (within < 64 ? 0 : 4)
    out[128 + (i >> 7) * 32 + (within % 32)] |= (code >> 4) << (2 * (within >> 5))
  })
})

/** By ggml's names. */
export const ENCODERS: Readonly<Record<string, Encode>> = {
  Q8_0: q8_0,
  Q6_K: q6_k,
  Q5_1: pairs(5, true),
  Q5_0: pairs(5, false),
  Q5_K: runsOf32(5),
  Q4_1: pairs(4, true),
  Q4_0: pairs(4, false),
  Q4_K: runsOf32(4),
}
