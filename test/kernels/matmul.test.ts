import { describe, expect, it } from 'vitest'
import {
  CORE_WAYS,
  INT8_WAYS,
  type MatmulWay,
  matmul,
  matmulBy,
  matmulWays,
  runnableWays,
} from '../../src/kernels/matmul'
import { createMatrix, type Matrix } from '../../src/kernels/matrix'
import { isQuantized } from '../../src/kernels/matrix-format'
import { packRows } from '../../src/kernels/pack'
import { expectClose } from '../support/compare'
import { type KernelBench, kernelBench } from '../support/gpu'
import { FORMATS, filledMatrix, roundWeights } from '../support/matrices'
import { random } from '../support/random'

/** y[m][n] = Σk x[m][k] · w[n][k] (+ bias[n]), naively and in f64. */
function reference(x: ArrayLike<number>, w: ArrayLike<number>, cols: number, bias?: ArrayLike<number>): Float64Array {
  const [numTokens, rows] = [x.length / cols, w.length / cols]
  const y = new Float64Array(numTokens * rows)
  for (let m = 0; m < numTokens; m++) {
    for (let n = 0; n < rows; n++) {
      let sum = bias?.[n] ?? 0
      for (let k = 0; k < cols; k++) sum += x[m * cols + k] * w[n * cols + k]
      y[m * rows + n] = sum
    }
  }
  return y
}

/** What rounding to a format may add to the error of a product; more than to the weights', since products may cancel. */
const ROUNDING = { f32: 1e-10, f16: 1e-6, q8: 1e-3, q4: 1e-1 }

async function product(
  bench: KernelBench,
  x: Float32Array<ArrayBuffer>,
  matrix: Matrix,
  way?: MatmulWay,
): Promise<Float32Array> {
  const numTokens = x.length / matrix.cols
  const y = bench.output(numTokens * matrix.rows)
  const buffers = { x: bench.upload(x), y }
  const run = way ? matmulBy(bench, way, matrix, buffers) : matmul(bench, matrix, buffers)
  await bench.ready()
  run(numTokens)
  return bench.read(y, numTokens * matrix.rows)
}

describe.each(FORMATS)('matmul $name', ({ format, colsFor }) => {
  it.each([
    { numTokens: 1, rows: 1, leastCols: 8 },
    { numTokens: 1, rows: 577, leastCols: 576 },
    { numTokens: 2, rows: 15, leastCols: 24 },
    { numTokens: 5, rows: 16, leastCols: 64 },
    { numTokens: 8, rows: 100, leastCols: 576 },
    { numTokens: 17, rows: 48, leastCols: 24 },
    { numTokens: 33, rows: 577, leastCols: 64 },
    { numTokens: 64, rows: 100, leastCols: 576 },
    { numTokens: 130, rows: 16, leastCols: 8 },
  ])('matches the f64 reference for $numTokens tokens, $rows × $leastCols or more', async shape => {
    const { numTokens, rows } = shape
    const cols = colsFor(shape.leastCols)
    const { floats } = random(numTokens * 1000 + rows + cols)
    const [x, w] = [floats(numTokens * cols), floats(rows * cols)]
    const bench = await kernelBench()
    const y = await product(bench, x, filledMatrix(bench.gpu, w, cols, format))
    expectClose(y, reference(x, roundWeights(w, format), cols), 1e-10)
    expectClose(y, reference(x, w, cols), ROUNDING[format.kind])
  })

  it('has the bits of the product in f32 with the weights that the format means', async () => {
    const { floats } = random(17)
    const [numTokens, rows, cols] = [37, 83, 1152]
    const [x, w] = [floats(numTokens * cols), floats(rows * cols)]
    const bench = await kernelBench()
    const exact = filledMatrix(bench.gpu, roundWeights(w, format), cols, { kind: 'f32' })
    const y = await product(bench, x, filledMatrix(bench.gpu, w, cols, format))
    expect(y).toEqual(await product(bench, x, exact))
  })

  it('the parts of a fused matrix give their outputs from their offsets on, and zeros between', async () => {
    const { floats } = random(11)
    const [cols, partRows] = [128, [20, 5, 33]]
    const x = floats(3 * cols)
    const bench = await kernelBench()
    const matrix = createMatrix(bench.gpu, 'fused', partRows, cols, format)
    const parts = partRows.map(rows => floats(rows * cols))
    parts.forEach((w, part) => void matrix.write(part, 0, packRows(format, w, partRows[part], cols)))
    expect([matrix.rows, matrix.paddedRows]).toEqual([81, 96])
    const expected = new Float64Array(3 * 81)
    parts.forEach((w, part) => {
      const y = reference(x, roundWeights(w, format), cols)
      for (let i = 0; i < y.length; i++) {
        const rows = partRows[part]
        expected[Math.floor(i / rows) * 81 + matrix.partOffset(part) + (i % rows)] = y[i]
      }
    })
    expectClose(await product(bench, x, matrix), expected, 1e-10)
  })

  it('a matrix in many buffers gives the same bits as one in a single buffer', async () => {
    const { floats } = random(12)
    const [x, w] = [floats(9 * 128), floats(100 * 128)]
    const bench = await kernelBench()
    const sliced = filledMatrix(bench.gpu, w, 128, format, 2)
    expect(sliced.slices.map(({ numRows }) => numRows)).toEqual([32, 32, 32, 4])
    expect(await product(bench, x, sliced)).toEqual(await product(bench, x, filledMatrix(bench.gpu, w, 128, format)))
  })

  it('adds the bias, scales, and adds to what y holds, within a stride and from an offset on', async () => {
    const { floats } = random(13)
    const [numTokens, rows, cols, yStride, yOffset] = [6, 20, colsFor(24), 31, 7]
    const [x, w, bias, before] = [numTokens * cols, rows * cols, rows, numTokens * yStride].map(n => floats(n))
    const bench = await kernelBench()
    const y = bench.upload(before)
    const buffers = { x: bench.upload(x), bias: bench.upload(bias), y }
    const matrix = filledMatrix(bench.gpu, w, cols, format)
    const run = matmul(bench, matrix, buffers, { accumulate: true, scale: 0.3, yStride, yOffset })
    await bench.ready()
    run(numTokens)
    const expected = Float64Array.from(before)
    reference(x, roundWeights(w, format), cols, bias).forEach((value, i) => {
      expected[Math.floor(i / rows) * yStride + yOffset + (i % rows)] += 0.3 * value
    })
    const after = await bench.read(y, numTokens * yStride)
    expectClose(after, expected, 1e-10)
    for (let i = 0; i < after.length; i++) {
      const column = (i % yStride) - yOffset
      if (column < 0 || column >= rows) expect(after[i]).toBe(before[i])
    }
  })

  it('every way gives the same bits for any number of tokens', async () => {
    const { floats } = random(14)
    const bench = await kernelBench()
    for (const cols of new Set([8, 24, 64, 576].map(colsFor))) {
      const [numTokens, rows] = [69, 83]
      const [x, w, bias] = [floats(numTokens * cols), floats(rows * cols), floats(rows)]
      const matrix = filledMatrix(bench.gpu, w, cols, format)
      const buffers = { x: bench.upload(x), bias: bench.upload(bias) }
      const outputs: Float32Array[] = []
      for (const way of runnableWays(bench.gpu)) {
        for (const n of [1, 3, 37, numTokens]) {
          const y = bench.output(numTokens * rows)
          const run = matmulBy(bench, way, matrix, { ...buffers, y })
          await bench.ready()
          run(n)
          outputs.push(await bench.read(y, n * rows))
        }
      }
      const all = outputs[3]
      expectClose(all, reference(x, roundWeights(w, format), cols, bias), 1e-10)
      for (const y of outputs) expect(y).toEqual(all.slice(0, y.length))
    }
  })

  it('every way gives the same bits into a stride, from an offset on, of a matrix in many buffers, and no more', async () => {
    const { floats } = random(18)
    const [numTokens, rows, cols, yStride, yOffset, scale] = [69, 100, 128, 111, 7, 0.3]
    const [x, w, bias, before] = [numTokens * cols, rows * cols, rows, numTokens * yStride].map(n => floats(n))
    const bench = await kernelBench()
    const matrix = filledMatrix(bench.gpu, w, cols, format, 2)
    const buffers = { x: bench.upload(x), bias: bench.upload(bias) }
    const outputs: Float32Array[] = []
    for (const way of runnableWays(bench.gpu)) {
      const y = bench.upload(before)
      const run = matmulBy(bench, way, matrix, { ...buffers, y }, { accumulate: true, scale, yStride, yOffset })
      await bench.ready()
      run(numTokens)
      outputs.push(await bench.read(y, before.length))
    }
    const expected = Float64Array.from(before)
    reference(x, roundWeights(w, format), cols, bias).forEach((value, i) => {
      expected[Math.floor(i / rows) * yStride + yOffset + (i % rows)] += scale * value
    })
    expectClose(outputs[0], expected, 1e-10)
    for (const y of outputs) expect(y).toEqual(outputs[0])
    outputs[0].forEach((value, i) => {
      const column = (i % yStride) - yOffset
      if (column < 0 || column >= rows) expect(value).toBe(before[i])
    })
  })

  it('a token gives the same bits alone and at any place among others', async () => {
    const { floats } = random(15)
    const [cols, rows] = [256, 96]
    const token = floats(cols)
    const bench = await kernelBench()
    const matrix = filledMatrix(bench.gpu, floats(rows * cols), cols, format)
    const alone = await product(bench, token, matrix)
    for (const [numTokens, place] of [
      [2, 1],
      [5, 3],
      [16, 15],
      [33, 32],
      [64, 20],
    ]) {
      const x = floats(numTokens * cols)
      x.set(token, place * cols)
      const y = await product(bench, x, matrix)
      expect(y.slice(place * rows, (place + 1) * rows)).toEqual(alone)
    }
  })
})

const INT8_FORMATS = FORMATS.filter(({ format }) => isQuantized(format) && !format.hasZeros)

describe.each(INT8_FORMATS)('matmul $name with activations of int8', ({ format, colsFor }) => {
  it.each([
    { numTokens: 1, rows: 1, leastCols: 32 },
    { numTokens: 3, rows: 577, leastCols: 576 },
    { numTokens: 37, rows: 83, leastCols: 1152 },
  ])('matches the f64 reference on what they are rounded to: $numTokens tokens, $rows × $leastCols', async shape => {
    const { numTokens, rows } = shape
    const cols = colsFor(shape.leastCols)
    const { floats } = random(numTokens + rows + cols)
    const [x, w, bias] = [floats(numTokens * cols), floats(rows * cols), floats(rows)]
    const bench = await kernelBench()
    const int8 = { codes: bench.output(x.length / 4), scales: bench.output(x.length / 32) }
    const matrix = filledMatrix(bench.gpu, w, cols, format)
    const buffers = { x: bench.upload(x), bias: bench.upload(bias) }

    const y = bench.output(numTokens * rows)
    const run = matmul({ ...bench, int8 }, matrix, { ...buffers, y })
    await bench.ready()
    run(numTokens)
    const product = await bench.read(y, numTokens * rows)
    const codes = new Int8Array((await bench.readU32(int8.codes, x.length / 4)).buffer)
    const scales = await bench.read(int8.scales, x.length / 32)
    const rounded = Float64Array.from(codes, (code, i) => code * scales[Math.floor(i / 32)])
    expectClose(product, reference(rounded, roundWeights(w, format), cols, bias), 1e-10)
    if (rows > 1) expectClose(product, reference(x, roundWeights(w, format), cols, bias), 3e-5)

    for (const way of INT8_WAYS) {
      const other = bench.output(numTokens * rows)
      const recorder = matmulBy(bench, way, matrix, { ...buffers, x: int8, y: other })
      await bench.ready()
      recorder(numTokens)
      expect(await bench.read(other, numTokens * rows)).toEqual(product)
    }
  })
})

describe('matmul', () => {
  it('every device has ways for any number of tokens, and drivers for CPUs none with slabs', () => {
    for (const isSoftware of [false, true]) {
      for (const hasSubgroupsOf8 of [false, true]) {
        const ways = matmulWays({ hasSubgroupsOf8, isSoftware })
        const ends = ways.map(({ maxTokens }) => maxTokens)
        expect(ends).toEqual(ends.toSorted((a, b) => a - b))
        expect(ends.at(-1)).toBe(Number.POSITIVE_INFINITY)
        const slabs = ways.filter(({ kernel }) => kernel === 'matmul-slab' || kernel === 'matmul-tile')
        expect(slabs.length > 0).toBe(!isSoftware && !hasSubgroupsOf8)
      }
    }
  })

  it('computes more rows than 65535 workgroups can in one dimension', async () => {
    const { floats } = random(16)
    const [rows, cols, way] = [16 * 65536 + 5, 8, CORE_WAYS[0]]
    const [x, w] = [floats(cols), floats(rows * cols)]
    const bench = await kernelBench()
    expect(rows / way.groupRows).toBeGreaterThan(65535)
    const matrix = filledMatrix(bench.gpu, w, cols, { kind: 'f32' })
    expectClose(await product(bench, x, matrix, way), reference(x, w, cols), 1e-10)
  })

  it('outputs beyond the stride of y are refused', async () => {
    const bench = await kernelBench()
    const buffers = { x: bench.output(8), y: bench.output(40) }
    const matrix = createMatrix(bench.gpu, 'w', [16], 8, { kind: 'f32' })
    const make = () => matmul(bench, matrix, buffers, { yStride: 20, yOffset: 5 })
    expect(make).toThrow('w: 16 outputs at 5 exceed 20')
  })
})
