import { CorruptCheckpoint } from '../core/errors'
import type { TensorSlab } from './checkpoint'
import type { Dtype } from './safetensors'

// Typed arrays have the byte order of the machine; every machine with WebGPU is little-endian, as safetensors is.

/**
 * The slab's elements as f32 in `out`, which has exactly as many. f16 and bf16 convert exactly.
 * A NaN or an infinity is `CorruptCheckpoint`: no trained model has one, and one poisons every answer.
 */
export function slabToFloat32(slab: TensorSlab, out: Float32Array): void {
  toFloat32(slab.dtype, slab.data, out)
  const index = firstNonFinite(out)
  if (index < 0) return
  const rowLen = out.length / slab.numRows
  const at = `[row ${slab.firstRow + Math.floor(index / rowLen)}, element ${index % rowLen}]`
  throw new CorruptCheckpoint(`${slab.file}: tensor ${slab.name} holds ${out[index]} at ${at}.`)
}

/** Little-endian elements of `dtype` as f32 in `out`. `bytes` begins at a multiple of the element size. */
export function toFloat32(dtype: Dtype, bytes: Uint8Array<ArrayBuffer>, out: Float32Array): void {
  const bits = new Uint32Array(out.buffer, out.byteOffset, out.length)
  if (dtype === 'F32') {
    bits.set(new Uint32Array(bytes.buffer, bytes.byteOffset, out.length))
    return
  }
  const halves = new Uint16Array(bytes.buffer, bytes.byteOffset, out.length)
  if (dtype === 'BF16') {
    for (let i = 0; i < halves.length; i++) bits[i] = halves[i] << 16
  } else {
    float16Table ??= makeFloat16Table()
    for (let i = 0; i < halves.length; i++) bits[i] = float16Table[halves[i]]
  }
}

/** Index of the first NaN or infinity; -1 if there is none. */
export function firstNonFinite(values: Float32Array): number {
  // 0 * x is NaN for exactly those, and a sum is quicker than a comparison per element.
  let sum = 0
  for (let i = 0; i < values.length; i++) sum += 0 * values[i]
  return sum === 0 ? -1 : values.findIndex(value => !Number.isFinite(value))
}

/**
 * f32 as the bits of f16, rounded to nearest even, in `out`. Returns how many finite values became an infinity
 * (their magnitude is 65520 or more): a caller that gets more than 0 must keep f32 or say which tensor it was.
 */
export function toFloat16(values: Float32Array, out: Uint16Array): number {
  const bits = new Uint32Array(values.buffer, values.byteOffset, values.length)
  let numOverflows = 0
  for (let i = 0; i < bits.length; i++) {
    const sign = (bits[i] >>> 16) & 0x8000
    const magnitude = bits[i] & 0x7fffffff
    if (magnitude >= F16_OVERFLOW) {
      if (magnitude < F32_INFINITY) numOverflows++
      out[i] = sign | (magnitude > F32_INFINITY ? 0x7e00 : 0x7c00)
    } else if (magnitude >= F16_MIN_NORMAL) {
      // Rebias the exponent from 127 to 15 and drop 13 bits of the significand; a carry goes into the exponent.
      const even = (magnitude >>> 13) & 1
      out[i] = sign | ((magnitude - (112 << 23) + 0xfff + even) >>> 13)
    } else {
      // An f16 subnormal is a multiple of 2^-24, the last bit of an f32 in [0.5, 1): adding 0.5 does the rounding.
      scratch[0] = Math.abs(values[i]) + 0.5
      out[i] = sign | (scratchBits[0] - HALF)
    }
  }
  return numOverflows
}

/** Bits of f32 65520, halfway between the largest f16 and what would be the next. */
const F16_OVERFLOW = 0x477ff000
/** Bits of f32 2^-14. */
const F16_MIN_NORMAL = 0x38800000
const F32_INFINITY = 0x7f800000
/** Bits of f32 0.5. */
const HALF = 0x3f000000

const scratch = new Float32Array(1)
const scratchBits = new Uint32Array(scratch.buffer)

let float16Table: Uint32Array | undefined

/** The f32 bits of every f16; 256 KiB. */
function makeFloat16Table(): Uint32Array {
  const table = new Uint32Array(2 ** 16)
  for (let half = 0; half < table.length; half++) {
    const sign = (half & 0x8000) << 16
    const exponent = (half >> 10) & 0x1f
    const significand = half & 0x3ff
    if (exponent === 0) {
      scratch[0] = significand * 2 ** -24
      table[half] = sign | scratchBits[0]
    } else {
      table[half] = sign | (exponent === 31 ? F32_INFINITY : (exponent + 112) << 23) | (significand << 13)
    }
  }
  return table
}
