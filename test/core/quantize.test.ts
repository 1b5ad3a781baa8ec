import { describe, expect, it, test } from 'vitest'
import { float16Bits, float16Value } from '../../src/core/float16'
import { dequantize, type QuantizeOptions, quantize } from '../../src/core/quantize'
import type { QuantizedRows } from '../../src/core/rows'
import { meant } from '../support/matrices'
import { random } from '../support/random'

const FORMATS: readonly QuantizeOptions[] = [
  { bits: 4, group: 32, hasZeros: false },
  { bits: 4, group: 128, hasZeros: false },
  { bits: 8, group: 32, hasZeros: false },
  { bits: 4, group: 32, hasZeros: true },
  { bits: 8, group: 64, hasZeros: true },
]

/** Normally distributed weights of about the size that models have; every 100th is 10 times as large. */
function normal(seed: number, length: number): Float32Array<ArrayBuffer> {
  const { next } = random(seed)
  return Float32Array.from({ length }, (_, i) => {
    const value = Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next())
    return value * (i % 100 === 99 ? 0.2 : 0.02)
  })
}

function squaredError(values: Float32Array, other: Float32Array): number {
  return values.reduce((sum, value, i) => sum + (value - other[i]) ** 2, 0)
}

/** The least squared error of rounding weights around a fixed zero, over many scales. */
function leastError(values: Float32Array, zero: number): number {
  const largest = Math.max(...values.map(Math.abs))
  let least = Number.POSITIVE_INFINITY
  for (let codes = 0.6 * zero; codes < 1.2 * zero; codes += zero / 400) {
    for (const scale of [largest / codes, -largest / codes]) {
      let error = 0
      for (const w of values) {
        const code = Math.max(-zero, Math.min(zero - 1, Math.round(w / scale)))
        error += (w - code * scale) ** 2
      }
      least = Math.min(least, error)
    }
  }
  return least
}

const toFloat16 = (value: number) => float16Value(float16Bits(new Uint32Array(Float32Array.of(value).buffer)[0]))

describe.each(FORMATS)('integers of $bits bits, groups of $group, zeros: $hasZeros', options => {
  const { bits, group, hasZeros } = options
  const zero = 2 ** (bits - 1)

  it('stand for the weights that the definition gives', () => {
    const rows = quantize(normal(1, 8 * group), options)
    expect(rows.zeros !== undefined).toBe(hasZeros)
    expect(dequantize(rows).map(value => value + 0)).toEqual(meant(rows))
  })

  it('have scales and zeros that are f16, and codes of their bits', () => {
    const { codes, scales, zeros = [] } = quantize(normal(2, 64 * group), options)
    for (const value of [...scales, ...zeros]) expect(value).toBe(toFloat16(value))
    expect(Math.max(...codes)).toBeLessThan(2 ** bits)
  })

  it('are off by half a scale, and by one more where the other end is cut off', () => {
    const values = normal(3, 64 * group)
    const rows = quantize(values, options)
    const rounded = dequantize(rows)
    values.forEach((value, i) => {
      const scale = Math.abs(rows.scales[Math.floor(i / group)])
      expect(Math.abs(value - rounded[i])).toBeLessThan(1.6 * scale)
    })
  })

  it('have nearly the least squared error that there is', () => {
    const values = normal(4, 256 * group)
    let least = 0
    for (let from = 0; from < values.length; from += group)
      least += leastError(values.subarray(from, from + group), zero)
    const error = squaredError(values, dequantize(quantize(values, options)))
    expect(error / least).toBeLessThan(hasZeros ? 0.95 : 1.1)
  })

  it('keep zeros, and groups of one value or one weight, as well as f16 can', () => {
    const values = new Float32Array(5 * group)
    values.fill(0.37, group, 2 * group)
    values.fill(-21.1, 2 * group, 3 * group)
    values[3 * group + 7] = 0.123
    values[4 * group + 9] = -3e-6
    const rounded = dequantize(quantize(values, options))
    values.forEach((value, i) => {
      expect(Math.abs(rounded[i] - value)).toBeLessThanOrEqual(Math.abs(value) * 2 ** -8 + 2 ** -21)
      if (i < group) expect(Math.abs(rounded[i])).toBe(0)
    })
  })

  it('have a scale that is not finite for weights that f16 cannot scale', () => {
    for (const bad of [2 ** (bits + 16), Number.POSITIVE_INFINITY, Number.NaN]) {
      const values = normal(5, 2 * group)
      values[group + 3] = bad
      const { scales } = quantize(values, options)
      expect([...scales].map(Number.isFinite)).toEqual([true, false])
    }
    const largest = new Float32Array(group).fill(-65504 * (zero - 1))
    expect(Number.isFinite(quantize(largest, options).scales[0])).toBe(true)
  })
})

test.each([4, 8] as const)(
  'what %i bits stand for is rounded to the same integers again, if it fills their range',
  bits => {
    const { int, next } = random(6)
    const top = 2 ** bits - 1
    for (const lowest of [0, 1]) {
      const codes = Uint8Array.from({ length: 32 * 200 }, (_, i) => (i % 32 === 5 ? lowest : int(1, top + 1)))
      const scales = Float32Array.from({ length: 200 }, () => toFloat16(0.001 + next() / 100))
      const rows: QuantizedRows = { bits, group: 32, codes, scales }
      const again = quantize(dequantize(rows), { bits, group: 32, hasZeros: false })
      expect(dequantize(again).map(value => value + 0)).toEqual(meant(rows))
    }
  },
)
