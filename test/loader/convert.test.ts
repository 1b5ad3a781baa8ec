import { expect, test } from 'vitest'
import { CorruptCheckpoint } from '../../src/core/errors'
import { slabToFloat32, toFloat16, toFloat32 } from '../../src/loader/convert'
import { random } from '../support/random'

const allHalves = Uint16Array.from({ length: 2 ** 16 }, (_, bits) => bits)

/** The definition of f16 (IEEE 754 binary16). */
function naiveFloat16(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1
  const exponent = (bits >> 10) & 0x1f
  const significand = bits & 0x3ff
  if (exponent === 31) return significand ? Number.NaN : sign * Number.POSITIVE_INFINITY
  return sign * (exponent ? (1 + significand / 1024) * 2 ** (exponent - 15) : significand * 2 ** -24)
}

test('every f16 converts exactly: subnormals, infinities and NaN too', () => {
  const out = new Float32Array(2 ** 16)
  toFloat32('F16', new Uint8Array(allHalves.buffer), out)
  expect([...out]).toEqual([...allHalves].map(naiveFloat16))
})

test('every bf16 is the upper half of its f32', () => {
  const out = new Float32Array(2 ** 16)
  toFloat32('BF16', new Uint8Array(allHalves.buffer), out)
  const view = new DataView(new ArrayBuffer(4))
  const naive = [...allHalves].map(bits => {
    view.setUint32(0, bits * 2 ** 16)
    return view.getFloat32(0)
  })
  expect([...out]).toEqual(naive)
})

test('f32 is copied', () => {
  const values = Float32Array.of(1, -2.5, 1e-40, Number.POSITIVE_INFINITY)
  const out = new Float32Array(4)
  toFloat32('F32', new Uint8Array(values.buffer), out)
  expect(out).toEqual(values)
})

test('f16 to f32 and back is the identity', () => {
  const values = new Float32Array(2 ** 16)
  toFloat32('F16', new Uint8Array(allHalves.buffer), values)
  const back = new Uint16Array(2 ** 16)
  expect(toFloat16(values, back)).toBe(0)
  for (const [i, value] of values.entries()) {
    if (Number.isNaN(value)) expect((back[i] & 0x7fff) > 0x7c00).toBe(true)
    else expect(back[i]).toBe(allHalves[i])
  }
})

test('f32 to f16 rounds to the nearest, ties to even', () => {
  const finite = [...allHalves.keys()].filter(bits => bits < 0x7c00)
  const values: number[] = []
  const expected: number[] = []
  for (const bits of finite.slice(0, -1)) {
    const below = naiveFloat16(bits)
    const above = naiveFloat16(bits + 1)
    const middle = (below + above) / 2
    const step = (above - below) / 64
    values.push(middle, middle - step, middle + step, -middle)
    const even = bits % 2 === 0 ? bits : bits + 1
    expected.push(even, bits, bits + 1, even | 0x8000)
  }
  const out = new Uint16Array(values.length)
  expect(toFloat16(Float32Array.from(values), out)).toBe(0)
  expect([...out]).toEqual(expected)
})

test('values that f16 cannot hold are counted, infinities are not', () => {
  const values = Float32Array.of(65504, 65519.996, 65520, -1e30, Number.POSITIVE_INFINITY, 1e-40)
  const out = new Uint16Array(values.length)
  expect(toFloat16(values, out)).toBe(2)
  expect([...out]).toEqual([0x7bff, 0x7bff, 0x7c00, 0xfc00, 0x7c00, 0])
})

test('random f32 to f16 is within half a unit in the last place', () => {
  const seed = Date.now() % 1e6
  const { int, next } = random(seed)
  const values = Float32Array.from({ length: 20_000 }, () => (next() - 0.5) * 2 ** int(-30, 16))
  const out = new Uint16Array(values.length)
  toFloat16(values, out)
  for (const [i, value] of values.entries()) {
    const unit = 2 ** Math.max(Math.floor(Math.log2(Math.abs(value) || 1e-30)) - 10, -24)
    expect(Math.abs(naiveFloat16(out[i]) - value), `seed ${seed}`).toBeLessThanOrEqual(unit / 2)
  }
})

test.each([Number.NaN, Number.POSITIVE_INFINITY])('a weight of %s is corrupt, with tensor and place', bad => {
  const values = Float32Array.of(1, 2, 3, bad)
  const slab = {
    file: 'model.safetensors',
    name: 'w',
    dtype: 'F32' as const,
    shape: [9, 2],
    firstRow: 5,
    numRows: 2,
    data: new Uint8Array(values.buffer),
  }
  expect(() => slabToFloat32(slab, new Float32Array(4))).toThrow(CorruptCheckpoint)
  expect(() => slabToFloat32(slab, new Float32Array(4))).toThrow(
    `model.safetensors: tensor w holds ${bad} at [row 6, element 1].`,
  )
})
