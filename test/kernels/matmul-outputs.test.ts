import { describe, expect, it } from 'vitest'
import type { Activation } from '../../src/core/model-config'
import { INT8_WAYS, matmul, matmulBy, runnableWays } from '../../src/kernels/matmul'
import { createMatrix, type Matrix } from '../../src/kernels/matrix'
import { tileWords } from '../../src/kernels/matrix-format'
import { packRows } from '../../src/kernels/pack'
import { expectClose } from '../support/compare'
import { type Data, type KernelBench, kernelBench } from '../support/gpu'
import { random } from '../support/random'

/** The formulas, naively and in f64. */
const FUNCTIONS: Readonly<Record<Exclude<Activation, 'xielu'>, (x: number) => number>> = {
  silu: x => x / (1 + Math.exp(-x)),
  gelu: x => (x / 2) * (1 + erf(x * Math.SQRT1_2)),
  'gelu-tanh': x => (x / 2) * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3))),
}

const KINDS = Object.keys(FUNCTIONS) as (keyof typeof FUNCTIONS)[]

/** 2/√π e^(-x²) Σ 2^n x^(2n + 1) / (2n + 1)!!, whose terms all have one sign. */
function erf(x: number): number {
  if (Math.abs(x) > 6) return Math.sign(x)
  let [sum, term] = [0, x]
  for (let n = 0; Math.abs(term) > 1e-20; n++) {
    sum += term
    term *= (2 * x * x) / (2 * n + 3)
  }
  return (2 / Math.sqrt(Math.PI)) * Math.exp(-x * x) * sum
}

/** Σk x[m][k] · w[n][k] + bias[n] for n of a row of w, in f64. */
function output(
  x: ArrayLike<number>,
  w: ArrayLike<number>,
  bias: ArrayLike<number>,
  cols: number,
  m: number,
  n: number,
) {
  let sum = bias[n]
  for (let k = 0; k < cols; k++) sum += x[m * cols + k] * w[n * cols + k]
  return sum
}

/** A matrix of f32 whose parts hold these weights, in buffers of `sliceTiles` tiles. */
function matrixOf(
  bench: KernelBench,
  parts: readonly Float32Array<ArrayBuffer>[],
  cols: number,
  sliceTiles = Infinity,
): Matrix {
  const format = { kind: 'f32' } as const
  const maxSliceBytes = (sliceTiles + 0.9) * tileWords(cols, format) * 4
  const partRows = parts.map(({ length }) => length / cols)
  const isPaired = parts.length === 2
  const matrix = createMatrix(bench.gpu, 'w', partRows, cols, format, { isPaired, maxSliceBytes })
  parts.forEach((w, part) => void matrix.write(part, 0, packRows(format, w, partRows[part], cols)))
  return matrix
}

/** xIELU's a, b, beta and eps; and the function with them. */
const XIELU = [0.7, 0.4, 0.5, -1e-6].map(Math.fround)

function xielu(x: number): number {
  const [a, b, beta, eps] = XIELU
  return x > 0 ? a * x * x + beta * x : (b + beta) * (Math.expm1(Math.min(x, eps)) - x) + beta * x
}

/** activation(each value): outputs of a matrix whose rows begin with them, for an x that begins with 1. */
async function activated(activation: Activation, values: Float32Array): Promise<Float32Array> {
  const bench = await kernelBench()
  const w = new Float32Array(values.length * 8)
  values.forEach((value, n) => {
    w[8 * n] = value
  })
  const y = bench.output(values.length)
  const x = bench.upload(Float32Array.of(1, 0, 0, 0, 0, 0, 0, 0))
  const numbers = activation === 'xielu' ? bench.upload(Float32Array.from(XIELU)) : undefined
  const run = matmul(bench, matrixOf(bench, [w], 8), { x, y }, { activation, numbers })
  await bench.ready()
  run(1)
  return bench.read(y, values.length)
}

describe('activated outputs: xielu', () => {
  it('err by the last digits of f32, near 0 and from -1e30 to 1e15', async () => {
    const near = Array.from({ length: 4001 }, (_, index) => (index - 2000) / 200)
    const small = [1e-9, 9e-7, 1.1e-6, 1e-5, 1e-4, 3e-3].flatMap(value => [value, -value])
    const x = Float32Array.from([...near, ...small, -1e30, -1e4, -200, -81, -79, 200, 1e15])
    const y = await activated('xielu', x)
    x.forEach((value, index) => {
      const expected = xielu(value)
      // beside x, since its two terms cancel where it passes through 0
      const allowed = 1e-6 * (Math.abs(expected) + Math.abs(value))
      expect(Math.abs(y[index] - expected)).toBeLessThanOrEqual(allowed)
    })
  })
})

describe.each(KINDS)('activated outputs: %s', activation => {
  it('stay finite for values far from 0, and are 0 or the value there', async () => {
    const values = [-3e38, -1e19, -1e4, -200, -120, 120, 200, 1e4, 1e19, 3e38]
    const y = await activated(activation, Float32Array.from(values))
    expectClose(
      y,
      values.map(value => Math.max(value, 0)),
      1e-12,
    )
    for (const value of y.slice(0, 5)) expect(Math.abs(value)).toBeLessThan(1e-30)
  })

  it('err by the last digits of f32 everywhere', async () => {
    const x = Float32Array.from({ length: 4001 }, (_, index) => (index - 2000) / 100)
    const y = await activated(activation, x)
    x.forEach((value, index) => {
      const allowed = 1e-6 * Math.max(1, Math.abs(value)) * Math.min(1, Math.abs(value) + 1e-6)
      expect(Math.abs(y[index] - FUNCTIONS[activation](value))).toBeLessThanOrEqual(allowed)
    })
  })

  it.each([
    { numTokens: 1, rows: 1, cols: 8, sliceTiles: Infinity },
    { numTokens: 5, rows: 85, cols: 24, sliceTiles: Infinity },
    { numTokens: 37, rows: 100, cols: 64, sliceTiles: 5 },
    { numTokens: 3, rows: 40, cols: 8, sliceTiles: 2 },
  ])(
    'match the f64 reference, gated or not: $numTokens tokens, $rows × $cols, at most $sliceTiles tiles a buffer',
    async shape => {
      const { numTokens, rows, cols, sliceTiles } = shape
      const { floats } = random(rows)
      const bench = await kernelBench()
      const x = floats(numTokens * cols)
      const [gate, up] = [floats(rows * cols), floats(rows * cols)]
      const [gateBias, upBias] = [floats(rows), floats(rows)]
      for (const parts of [[gate], [gate, up]]) {
        const matrix = matrixOf(bench, parts, cols, sliceTiles)
        const bias = new Float32Array(matrix.rows)
        parts.forEach((_, part) => {
          const values = part === 0 ? gateBias : upBias
          for (const { row, at, count } of matrix.runs(part, 0, rows)) bias.set(values.subarray(row, row + count), at)
        })
        const y = bench.output(numTokens * rows)
        const buffers = { x: bench.upload(x), bias: bench.upload(bias), y }
        const run = matmul(bench, matrix, buffers, { activation, yStride: rows })
        await bench.ready()
        run(numTokens)
        const expected = Float64Array.from({ length: numTokens * rows }, (_, i) => {
          const [m, n] = [Math.floor(i / rows), i % rows]
          const factor = parts.length === 2 ? output(x, up, upBias, cols, m, n) : 1
          return FUNCTIONS[activation](output(x, gate, gateBias, cols, m, n)) * factor
        })
        expectClose(await bench.read(y, numTokens * rows), expected, 1e-11)
        if (sliceTiles < Infinity) expect(matrix.slices.length).toBeGreaterThan(1)
      }
    },
  )

  it('have the same bits in every way, for any number of tokens', async () => {
    const { floats } = random(14)
    const bench = await kernelBench()
    const [numTokens, rows, cols] = [69, 83, 96]
    const parts = [floats(rows * cols), floats(rows * cols)]
    const x = bench.upload(floats(numTokens * cols))
    const outputs = new Map<boolean, Float32Array[]>([
      [true, []],
      [false, []],
    ])
    const q8 = createMatrix(
      bench.gpu,
      'q8',
      [rows, rows],
      cols,
      { kind: 'q8', group: 32, hasZeros: false },
      { isPaired: true },
    )
    parts.forEach((w, part) => void q8.write(part, 0, packRows(q8.format, w, rows, cols)))
    const int8 = { codes: uploaded(bench, floats(numTokens * cols)), scales: bench.upload(floats(numTokens * 3)) }
    for (const way of [...runnableWays(bench.gpu), ...INT8_WAYS]) {
      const isInt8 = INT8_WAYS.includes(way)
      const matrix = isInt8 ? q8 : matrixOf(bench, parts, cols)
      for (const n of [1, 3, 37, numTokens]) {
        const y = bench.output(numTokens * rows)
        const run = matmulBy(bench, way, matrix, { x: isInt8 ? int8 : x, y }, { activation, yStride: rows })
        await bench.ready()
        run(n)
        outputs.get(isInt8)?.push(await bench.read(y, n * rows))
      }
    }
    for (const ys of outputs.values()) {
      for (const y of ys) expect(y).toEqual(ys[3].slice(0, y.length))
    }
  })
})

describe('a product that adds to a residual stream', () => {
  const shapes = [
    { numTokens: 1, rows: 8, cols: 8, sliceTiles: Infinity },
    { numTokens: 5, rows: 72, cols: 24, sliceTiles: Infinity },
    { numTokens: 37, rows: 328, cols: 64, sliceTiles: 5 },
    { numTokens: 70, rows: 576, cols: 8, sliceTiles: 1 },
  ]

  it.each(shapes)(
    'prepares the norm that the next one reads: $numTokens tokens, $rows × $cols, at most $sliceTiles tiles a buffer',
    async shape => {
      const { numTokens, rows, cols, sliceTiles } = shape
      const { floats } = random(rows)
      const bench = await kernelBench()
      const [x, w, bias, weight] = [numTokens * cols, rows * cols, rows, rows].map(length => floats(length))
      const [before, w2, bias2] = [floats(numTokens * rows, 10), floats(40 * rows), floats(40)]
      const [scale, eps, maxTokens] = [0.7, 1e-2, numTokens + 3]
      const matrix = matrixOf(bench, [w], cols, sliceTiles)
      const sums = bench.output(maxTokens * (rows + Math.ceil(rows / 16)))
      const weighted = { rows: sums, firstSum: maxTokens * rows }
      const [y, y2] = [bench.upload(before), bench.output(numTokens * 40)]
      const next = { ...weighted, weight: bench.upload(weight) }
      const buffers = { x: bench.upload(x), bias: bench.upload(bias), y }
      const add = matmul(bench, matrix, buffers, { accumulate: true, scale, next })
      const second = matrixOf(bench, [w2], rows)
      const multiply = matmul(
        bench,
        second,
        { x: sums, bias: bench.upload(bias2), y: y2 },
        { norm: { ...weighted, eps } },
      )
      await bench.ready()
      add(numTokens)
      multiply(numTokens)
      const stream = Float64Array.from(before, (value, i) => {
        return value + scale * output(x, w, bias, cols, Math.floor(i / rows), i % rows)
      })
      expectClose(await bench.read(y, numTokens * rows), stream, 1e-11)
      const normed = stream.map((value, i) => value * weight[i % rows])
      expectClose(await bench.read(sums, numTokens * rows), normed, 1e-11)
      const expected = Float64Array.from({ length: numTokens * 40 }, (_, i) => {
        const row = stream.subarray(Math.floor(i / 40) * rows, (Math.floor(i / 40) + 1) * rows)
        const meanSquare = row.reduce((sum, value) => sum + value ** 2, 0) / rows
        const normedRow = row.map((value, k) => (value * weight[k]) / Math.sqrt(meanSquare + eps))
        return output(normedRow, w2, bias2, rows, 0, i % 40)
      })
      expectClose(await bench.read(y2, numTokens * 40), expected, 1e-10)
    },
  )

  it('has the same bits in every way, for any number of tokens, and so has what reads it', async () => {
    const { floats } = random(21)
    const bench = await kernelBench()
    const [numTokens, rows, cols] = [69, 344, 96]
    const matrix = matrixOf(bench, [floats(rows * cols)], cols)
    const second = matrixOf(bench, [floats(40 * rows)], rows)
    const third = matrixOf(bench, [floats(40 * rows), floats(40 * rows)], rows)
    const [x, weight] = [bench.upload(floats(numTokens * cols)), bench.upload(floats(rows))]
    const before = floats(numTokens * rows)
    const all: Float32Array[][] = []
    for (const way of runnableWays(bench.gpu)) {
      for (const n of [1, 3, 37, numTokens]) {
        const weighted = { rows: bench.output(numTokens * (rows + 22)), firstSum: numTokens * rows }
        const ys = [bench.upload(before), bench.output(n * 40), bench.output(n * 40)]
        const norm = { ...weighted, eps: 1e-5 }
        const run = [
          matmulBy(bench, way, matrix, { x, y: ys[0] }, { accumulate: true, next: { ...weighted, weight } }),
          matmulBy(bench, way, second, { x: weighted.rows, y: ys[1] }, { norm }),
          matmulBy(bench, way, third, { x: weighted.rows, y: ys[2] }, { norm, activation: 'silu', yStride: 40 }),
        ]
        await bench.ready()
        for (const record of run) record(n)
        all.push([
          await bench.read(ys[0], n * rows),
          await bench.read(ys[1], n * 40),
          await bench.read(ys[2], n * 40),
          (await bench.read(weighted.rows, numTokens * (rows + 22))).slice(numTokens * rows, numTokens * rows + n * 22),
        ])
      }
    }
    for (const outputs of all) {
      outputs.forEach((y, i) => {
        expect(y).toEqual(all[3][i].slice(0, y.length))
      })
    }
  })

  it('is refused unless it is added to, in whole rows', async () => {
    const bench = await kernelBench()
    const buffers = { x: bench.output(8), y: bench.output(40) }
    const next = { rows: bench.output(48), firstSum: 32, weight: bench.output(16) }
    const make = () => matmul(bench, matrixOf(bench, [new Float32Array(128)], 8), buffers, { next })
    expect(make).toThrow('w: a residual stream is added to')
  })
})

/** Bytes of any kind. */
function uploaded(bench: KernelBench, values: Float32Array): GPUBuffer {
  return bench.upload(new Uint32Array(Int8Array.from(values, value => 100 * value).buffer) as Data)
}
