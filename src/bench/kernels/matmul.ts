import type { Gpu } from '../../gpu/device'
import type { Int8Rows } from '../../kernels/context'
import { INT8_WAYS, type MatmulWay, matmulBy, matmulWays, runnableWays } from '../../kernels/matmul'
import { createMatrix, type Matrix } from '../../kernels/matrix'
import {
  isQuantized,
  type MatrixFormat,
  matrixBytes,
  matrixFormat,
  TILE_ROWS,
  type WeightFormat,
} from '../../kernels/matrix-format'
import { packRows } from '../../kernels/pack'
import { quantizeRows } from '../../kernels/quantize-rows'
import { coldCopies, type KernelCase, type Prepared, type Work } from './case'
import { difference } from './check'
import type { Fixture } from './fixture'
import { type ModelShape, qkvRows } from './models'
import { randomFloats, repeated } from './random'
import { roundedToInt8, roundedWeights } from './rounding'
import { ROWS } from './rows'

/** A product y [tokens, outputs] = x [tokens, cols] · matrixᵀ, or silu(x · gateᵀ) · (x · upᵀ). */
interface Product {
  readonly tokens: number
  readonly outputs: number
  readonly cols: number
  readonly format: MatrixFormat
  readonly variant: MatmulWay
  readonly isGated: boolean
}

const FORMATS: readonly WeightFormat[] = ['f32', 'f16', 'q8', 'q4']
const USUAL_FORMATS: readonly WeightFormat[] = ['f16', 'q4']
/** Rows of the LM head in the default run: one for each sequence that draws. */
const USUAL_HEAD_ROWS = [1, 16]

/** Numbers of different rows of x and of the matrix, which repeat: none by which kernels cut anything. */
const X_PERIOD = 7
const MATRIX_PERIOD = 17 * TILE_ROWS

/** Errors that no order of summation in f32 exceeds, and, where x is rounded to int8, no code that rounds the other way. */
const BOUND = { f32: 2e-5, int8: 2e-2 }

export function matmulCases(model: ModelShape, gpu: Gpu): KernelCase[] {
  return matrices(model).flatMap(({ name, outputs, cols, isGated = false }) =>
    FORMATS.flatMap(kind => {
      const format = matrixFormat(kind, cols)
      return ROWS.flatMap(tokens =>
        variantsFor(gpu, format).map(variant => {
          const product = { tokens, outputs, cols, format, variant, isGated }
          const isInt8 = INT8_WAYS.includes(variant)
          const choices = isInt8 ? INT8_WAYS : matmulWays(gpu, format)
          const bytes = matrixBytes(parts(product), cols, format)
          const isUsualRows = name !== 'head' || USUAL_HEAD_ROWS.includes(tokens)
          const copies = coldCopies(bytes, name === 'head' ? 1 : model.numLayers)
          return {
            kernel: 'matmul',
            part: `${name} ${parts(product).join('+')}×${cols}`,
            format: kind,
            model: model.name,
            rows: tokens,
            variant: variantName(variant),
            isChosen: choices.find(({ maxTokens }) => tokens <= maxTokens) === variant,
            isUsual: USUAL_FORMATS.includes(kind) && isUsualRows && !isInt8,
            work: matmulWork(product),
            copies,
            prepare: fixture => prepare(fixture, product, copies),
          } satisfies KernelCase
        }),
      )
    }),
  )
}

/** Work of a product: the matrix, x and y once; int8 has a byte for each x and a scale for 32. silu · up is five operations. */
export function matmulWork(product: Product): Work {
  const { tokens, outputs, cols, format, variant, isGated } = product
  const xBytes = INT8_WAYS.includes(variant) ? 1 + 4 / 32 : 4
  const rows = parts(product).length * outputs
  return {
    bytes: matrixBytes(parts(product), cols, format) + tokens * (cols * xBytes + outputs * 4),
    flops: tokens * (2 * rows * cols + (isGated ? 5 * outputs : 0)),
  }
}

/** Numbers of rows of the matrix, or of gate and up. */
function parts({ outputs, isGated }: Pick<Product, 'outputs' | 'isGated'>): number[] {
  return isGated ? [outputs, outputs] : [outputs]
}

/** The matrices of a layer as they are fused, and the LM head. */
function matrices(model: ModelShape): (Pick<Product, 'outputs' | 'cols'> & { name: string; isGated?: boolean })[] {
  const { hiddenSize, intermediateSize, vocabSize, numHeads, headDim } = model
  return [
    { name: 'qkv', outputs: qkvRows(model), cols: hiddenSize },
    { name: 'o', outputs: hiddenSize, cols: numHeads * headDim },
    { name: 'gate-up', outputs: intermediateSize, cols: hiddenSize, isGated: true },
    { name: 'down', outputs: hiddenSize, cols: intermediateSize },
    { name: 'head', outputs: vocabSize, cols: hiddenSize },
  ]
}

/** All that run here. */
function variantsFor(gpu: Gpu, format: MatrixFormat): MatmulWay[] {
  return [...runnableWays(gpu), ...(isQuantized(format) ? INT8_WAYS : [])]
}

function variantName({ kernel, tokens }: MatmulWay): string {
  return `${kernel}:${tokens}`
}

function prepare(fixture: Fixture, product: Product, copies: number): Prepared {
  const { tokens, outputs, cols, format, variant, isGated } = product
  const distinctX = randomFloats(X_PERIOD * cols, tokens + cols)
  const partWeights = parts(product).map((_, part) => randomFloats(MATRIX_PERIOD * cols, outputs + part))
  const x = fixture.upload(repeated(distinctX, tokens * cols))
  const int8 = INT8_WAYS.includes(variant) ? int8Rows(fixture, tokens, cols) : undefined
  const y = fixture.output(tokens * outputs)
  const write = partWriters(product, partWeights)
  const recorders = Array.from({ length: copies }, () => {
    const matrix = createMatrix(fixture, 'benchmark', parts(product), cols, format, { isPaired: isGated })
    write(matrix)
    return matmulBy(fixture, variant, matrix, { x: int8 ?? x, y }, isGated ? { activation: 'silu' } : {})
  })
  const round = int8 && quantizeRows(fixture, cols, x, int8)
  const begin = () => (run: number) => recorders[run % copies](tokens)
  const check = async () => {
    round?.(tokens)
    begin()(0)
    const actual = await fixture.readFloats(y, tokens * outputs)
    const seen = int8 ? roundedToInt8(distinctX, 32) : distinctX
    const [first, up] = partWeights.map(weights => reference(seen, roundedWeights(format, weights), cols))
    const expected = up ? first.map((gate, i) => (gate / (1 + Math.exp(-gate))) * up[i]) : first
    const at = (index: number) =>
      expected[(Math.floor(index / outputs) % X_PERIOD) * MATRIX_PERIOD + ((index % outputs) % MATRIX_PERIOD)]
    return difference(actual, at, int8 ? BOUND.int8 : BOUND.f32)
  }
  return { begin, check }
}

/** Functions that fill a matrix with each part's rows over and over. */
function partWriters({ outputs, cols, format }: Product, partWeights: readonly Float32Array<ArrayBuffer>[]) {
  const rest = outputs % MATRIX_PERIOD
  const packed = partWeights.map(weights => ({
    period: packRows(format, weights, MATRIX_PERIOD, cols),
    rest: packRows(format, weights.slice(0, rest * cols), rest, cols),
  }))
  return (matrix: Matrix): void => {
    packed.forEach((rows, part) => {
      for (let row = 0; row < outputs; row += MATRIX_PERIOD) {
        matrix.write(part, row, row + MATRIX_PERIOD <= outputs ? rows.period : rows.rest)
      }
    })
  }
}

function int8Rows(fixture: Fixture, tokens: number, cols: number): Int8Rows {
  return { codes: fixture.output((tokens * cols) / 4), scales: fixture.output((tokens * cols) / 32) }
}

/** Products of all different rows, [X_PERIOD, MATRIX_PERIOD], naively and in f64. */
function reference(x: ArrayLike<number>, weights: ArrayLike<number>, cols: number): Float64Array {
  const y = new Float64Array(X_PERIOD * MATRIX_PERIOD)
  for (let m = 0; m < X_PERIOD; m++) {
    for (let n = 0; n < MATRIX_PERIOD; n++) {
      let sum = 0
      for (let k = 0; k < cols; k++) sum += x[m * cols + k] * weights[n * cols + k]
      y[m * MATRIX_PERIOD + n] = sum
    }
  }
  return y
}
