import { describe, expect, it } from 'vitest'
import { rmsNorm } from '../../src/kernels/rms-norm'
import { expectClose } from '../support/compare'
import { kernelBench } from '../support/gpu'
import { random } from '../support/random'

/** The formula, naively and in f64. */
function reference(x: ArrayLike<number>, weight: ArrayLike<number>, numRows: number, eps: number): Float64Array {
  const rowLen = weight.length
  const y = new Float64Array(numRows * rowLen)
  for (let row = 0; row < numRows; row++) {
    let sum = 0
    for (let i = 0; i < rowLen; i++) sum += x[row * rowLen + i] ** 2
    const scale = 1 / Math.sqrt(sum / rowLen + eps)
    for (let i = 0; i < rowLen; i++) y[row * rowLen + i] = x[row * rowLen + i] * scale * weight[i]
  }
  return y
}

describe('rms-norm', () => {
  it.each([
    { numRows: 1, rowLen: 1 },
    { numRows: 1, rowLen: 8 },
    { numRows: 3, rowLen: 63 },
    { numRows: 7, rowLen: 64 },
    { numRows: 2, rowLen: 577 },
    { numRows: 70000, rowLen: 2 },
  ])('matches the f64 reference for $numRows rows of $rowLen', async ({ numRows, rowLen }) => {
    const { floats } = random(numRows * 1000 + rowLen)
    const [x, weight] = [floats(numRows * rowLen), floats(rowLen)]
    const bench = await kernelBench()
    const y = bench.output(numRows * rowLen)
    const run = rmsNorm(bench, rowLen, 1e-5, { x: bench.upload(x), weight: bench.upload(weight), y })
    await bench.ready()
    run(numRows)
    expectClose(await bench.read(y, numRows * rowLen), reference(x, weight, numRows, 1e-5), 1e-10)
  })

  it('adds to what is there, if asked to', async () => {
    const { floats } = random(6)
    const [x, weight, before] = [floats(3 * 70), floats(70), floats(3 * 70)]
    const bench = await kernelBench()
    const y = bench.upload(before)
    const buffers = { x: bench.upload(x), weight: bench.upload(weight), y }
    const run = rmsNorm(bench, 70, 1e-5, buffers, { accumulate: true })
    await bench.ready()
    run(3)
    const expected = reference(x, weight, 3, 1e-5).map((value, i) => value + before[i])
    expectClose(await bench.read(y, 210), expected, 1e-10)
  })

  it('gives each row the same bits whatever rows stand beside it', async () => {
    const { floats } = random(5)
    const [x, weight] = [floats(5 * 100), floats(100)]
    const bench = await kernelBench()
    const y = bench.output(500)
    const run = rmsNorm(bench, 100, 1e-5, { x: bench.upload(x), weight: bench.upload(weight), y })
    await bench.ready()
    run(5)
    const all = await bench.read(y, 500)
    run(1)
    expect(await bench.read(y, 100)).toEqual(all.slice(0, 100))
  })
})
