import { describe, expect, it } from 'vitest'
import { float16Bits, float16Value } from '../../src/core/float16'
import { random } from '../support/random'

const word = new Uint32Array(1)
const float = new Float32Array(word.buffer)
const half = (value: number) => {
  float[0] = value
  return float16Bits(word[0])
}

describe('float16', () => {
  it('every f16 survives the way to f32 and back', () => {
    for (let bits = 0; bits < 0x10000; bits++) {
      const value = float16Value(bits)
      if (!Number.isNaN(value)) expect(half(value)).toBe(bits)
    }
  })

  it('a NaN stays one', () => {
    expect(float16Value(half(Number.NaN))).toBeNaN()
  })

  it('halfway between two f16 the even one is taken, and the nearer one on either side of it', () => {
    const [up, down] = [1 + 2 ** -20, 1 - 2 ** -20]
    for (let bits = 0; bits < 0x7bff; bits++) {
      const middle = (float16Value(bits) + float16Value(bits + 1)) / 2
      expect(half(middle)).toBe(bits + (bits & 1))
      expect(half(middle * down)).toBe(bits)
      expect(half(middle * up)).toBe(bits + 1)
      expect(half(-middle * up)).toBe(0x8000 | (bits + 1))
    }
  })

  it('65519.996 is the largest finite number, 65520 is infinite', () => {
    expect(float16Value(half(65519.996))).toBe(65504)
    expect(float16Value(half(65520))).toBe(Number.POSITIVE_INFINITY)
    expect(float16Value(half(-1e30))).toBe(Number.NEGATIVE_INFINITY)
  })

  it('random numbers are never further off than half a step', () => {
    const { floats } = random(1)
    for (const value of floats(10000, 4)) {
      const step = 2 ** Math.max(-24, Math.floor(Math.log2(Math.abs(value))) - 10)
      expect(Math.abs(float16Value(half(value)) - value)).toBeLessThanOrEqual(step / 2)
    }
  })
})
