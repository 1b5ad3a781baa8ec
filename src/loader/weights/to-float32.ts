import { float16Value } from '../../core/float16'
import type { Dtype } from './dtype'

// Typed arrays have the byte order of the machine; every machine with WebGPU is little-endian, as safetensors is.

/** Writes little-endian elements of `dtype` to `out`. `bytes` begins at a multiple of the element size. */
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

/** The index of the first NaN or infinity; -1 if there is none. */
export function firstNonFinite(values: Float32Array): number {
  // 0 * x is NaN for exactly those, and a sum is quicker than a comparison per element.
  let sum = 0
  for (let i = 0; i < values.length; i++) sum += 0 * values[i]
  return sum === 0 ? -1 : values.findIndex(value => !Number.isFinite(value))
}

let float16Table: Uint32Array | undefined

/** The f32 bits of every f16; 256 KiB. */
function makeFloat16Table(): Uint32Array {
  const values = Float32Array.from({ length: 2 ** 16 }, (_, half) => float16Value(half))
  return new Uint32Array(values.buffer)
}
