import { layerNorm } from '../../kernels/layer-norm'
import { quantizeRows } from '../../kernels/quantize-rows'
import { rmsNorm } from '../../kernels/rms-norm'
import type { KernelCase, Prepared, Work } from './case'
import { difference } from './check'
import type { Fixture } from './fixture'
import type { ModelShape } from './models'
import { randomFloats } from './random'
import { roundedToInt8 } from './rounding'
import { ROWS } from './rows'

/** A kernel that makes rows of other rows, each element by itself or with its row. */
interface VectorKernel {
  readonly kernel: string
  readonly part: string
  readonly work: (rows: number) => Work
  readonly prepare: (fixture: Fixture, rows: number) => Prepared
}

const USUAL_ROWS = [1, 16, 256]
const EPS = 1e-5

/** Error of a division and a root in f32. */
const BOUND = 1e-5
/** Error where an int8 code may round the other way. */
const INT8_BOUND = 2e-2

/** Cases of norms and of rounding to int8. Activations were written just before, so there are no cold copies. */
export function vectorCases(model: ModelShape): KernelCase[] {
  const { hiddenSize } = model
  const kernels = [rmsNormKernel(hiddenSize), layerNormKernel(hiddenSize), quantizeKernel(hiddenSize)]
  return kernels.flatMap(({ kernel, part, work, prepare }) =>
    ROWS.map(rows => ({
      kernel,
      part,
      format: 'f32',
      model: model.name,
      rows,
      variant: kernel,
      isChosen: true,
      isUsual: USUAL_ROWS.includes(rows) && kernel !== 'layer-norm',
      work: work(rows),
      copies: 1,
      prepare: (fixture: Fixture) => prepare(fixture, rows),
    })),
  )
}

/** RMSNorm: squares and their sum; the scale and the weight. */
function rmsNormKernel(cols: number): VectorKernel {
  return {
    kernel: 'rms-norm',
    part: `hidden ${cols}`,
    work: rows => ({ bytes: 4 * cols * (2 * rows + 1), flops: 4 * rows * cols }),
    prepare: (fixture, rows) => {
      const [x, weight] = [randomFloats(rows * cols, rows), randomFloats(cols, cols)]
      const y = fixture.output(x.length)
      const run = rmsNorm(fixture, cols, EPS, { x: fixture.upload(x), weight: fixture.upload(weight), y })
      const expected = mapRows(x, cols, row => {
        const scale = 1 / Math.sqrt(mean(row, value => value * value) + EPS)
        return (value, column) => value * scale * weight[column]
      })
      return prepared(fixture, () => run(rows), y, expected)
    },
  }
}

/** LayerNorm: the mean, squares of the differences from it and their sum; the scale, the weight and the bias. */
function layerNormKernel(cols: number): VectorKernel {
  return {
    kernel: 'layer-norm',
    part: `hidden ${cols}`,
    work: rows => ({ bytes: 4 * cols * (2 * rows + 2), flops: 7 * rows * cols }),
    prepare: (fixture, rows) => {
      const [x, weight, bias] = [
        randomFloats(rows * cols, rows),
        randomFloats(cols, cols),
        randomFloats(cols, cols + 1),
      ]
      const y = fixture.output(x.length)
      const buffers = { x: fixture.upload(x), weight: fixture.upload(weight), bias: fixture.upload(bias), y }
      const run = layerNorm(fixture, cols, EPS, buffers)
      const expected = mapRows(x, cols, row => {
        const centre = mean(row, value => value)
        const scale = 1 / Math.sqrt(mean(row, value => (value - centre) ** 2) + EPS)
        return (value, column) => (value - centre) * scale * weight[column] + bias[column]
      })
      return prepared(fixture, () => run(rows), y, expected)
    },
  }
}

/** Rounding to int8: the magnitude, the scale and the rounding. */
function quantizeKernel(cols: number): VectorKernel {
  return {
    kernel: 'quantize-rows',
    part: `hidden ${cols}`,
    work: rows => ({ bytes: rows * cols * (4 + 1 + 4 / 32), flops: 3 * rows * cols }),
    prepare: (fixture, rows) => {
      const x = randomFloats(rows * cols, rows)
      const [codes, scales] = [fixture.output(x.length / 4), fixture.output(x.length / 32)]
      const run = quantizeRows(fixture, cols, fixture.upload(x), { codes, scales })
      const begin = () => () => run(rows)
      const check = async () => {
        begin()()
        const actual = new Int8Array(await fixture.read(codes, x.length / 4))
        const scaleOf = await fixture.readFloats(scales, x.length / 32)
        const expected = roundedToInt8(x, 32)
        const values = Float64Array.from(actual, (code, i) => code * scaleOf[Math.floor(i / 32)])
        return difference(values, i => expected[i], INT8_BOUND)
      }
      return { begin, check }
    },
  }
}

function prepared(fixture: Fixture, run: () => void, y: GPUBuffer, expected: Float64Array): Prepared {
  const check = async () => {
    run()
    return difference(await fixture.readFloats(y, expected.length), i => expected[i], BOUND)
  }
  return { begin: () => run, check }
}

/** Maps each row's elements by the function that `ofRow` gives for the row. */
function mapRows(
  x: Float32Array,
  cols: number,
  ofRow: (row: Float32Array) => (value: number, column: number) => number,
): Float64Array {
  const y = new Float64Array(x.length)
  for (let start = 0; start < x.length; start += cols) {
    const row = x.subarray(start, start + cols)
    const map = ofRow(row)
    for (const [column, value] of row.entries()) y[start + column] = map(value, column)
  }
  return y
}

function mean(row: Float32Array, of: (value: number) => number): number {
  return row.reduce((sum, value) => sum + of(value), 0) / row.length
}
