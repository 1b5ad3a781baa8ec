import { float16Bits, float16Value } from '../../core/float16'

const value = new Float32Array(1)
const bits = new Uint32Array(value.buffer)

/** The f16 nearest to the f32 nearest to `x`. */
export function nearestFloat16(x: number): number {
  value[0] = x
  return float16Value(float16Bits(bits[0]))
}
