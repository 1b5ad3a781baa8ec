import { describe, expect, it } from 'vitest'
import { layerNorm } from '../../src/kernels/layer-norm'
import { expectClose } from '../support/compare'
import { kernelBench } from '../support/gpu'
import { random } from '../support/random'

const EPS = 1e-5

/** The formula, naively and in f64. */
function reference(x: Float32Array, weight: Float32Array, bias: Float32Array): Float64Array {
  const rowLen = weight.length
  const y = new Float64Array(x.length)
  for (let start = 0; start < x.length; start += rowLen) {
    const row = Float64Array.from(x.subarray(start, start + rowLen))
    const mean = row.reduce((sum, value) => sum + value, 0) / rowLen
    const variance = row.reduce((sum, value) => sum + (value - mean) ** 2, 0) / rowLen
    row.forEach((value, i) => {
      y[start + i] = ((value - mean) / Math.sqrt(variance + EPS)) * weight[i] + bias[i]
    })
  }
  return y
}

/** The result for a number of rows, and for the first alone. */
async function run(x: Float32Array<ArrayBuffer>, weight: Float32Array<ArrayBuffer>, bias: Float32Array<ArrayBuffer>) {
  const bench = await kernelBench()
  const y = bench.output(x.length)
  const buffers = { x: bench.upload(x), weight: bench.upload(weight), bias: bench.upload(bias), y }
  const record = layerNorm(bench, weight.length, EPS, buffers)
  await bench.ready()
  record(x.length / weight.length)
  const all = await bench.read(y, x.length)
  record(1)
  return { all, first: await bench.read(y, weight.length) }
}

describe('layer-norm', () => {
  it.each([
    { numRows: 1, rowLen: 1 },
    { numRows: 3, rowLen: 63 },
    { numRows: 7, rowLen: 64 },
    { numRows: 2, rowLen: 577 },
    { numRows: 70000, rowLen: 2 },
  ])('matches the f64 reference for $numRows rows of $rowLen', async ({ numRows, rowLen }) => {
    const { floats } = random(numRows * 1000 + rowLen)
    const [x, weight, bias] = [floats(numRows * rowLen), floats(rowLen), floats(rowLen)]
    const { all, first } = await run(x, weight, bias)
    expectClose(all, reference(x, weight, bias), 1e-10)
    expect(first).toEqual(all.slice(0, rowLen))
  })

  it('finds the variance of values far from 0', async () => {
    const { floats } = random(9)
    const x = floats(3 * 100).map(value => Math.fround(value + 1000))
    const [weight, bias] = [floats(100), floats(100)]
    const { all } = await run(x, weight, bias)
    expectClose(all, reference(x, weight, bias), 1e-7)
  })
})
