import { expect, test } from 'vitest'
import { toFloat32 } from '../../../src/loader/weights/to-float32'

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
