import { describe, expect, it } from 'vitest'
import type { Activation } from '../../src/core/model-config'
import { type ActivationShape, activation } from '../../src/kernels/activation'
import { expectClose } from '../support/compare'
import { kernelBench } from '../support/gpu'
import { random } from '../support/random'

/** The formulas, naively and in f64. */
const FUNCTIONS: Readonly<Record<Activation, (x: number) => number>> = {
  silu: x => x / (1 + Math.exp(-x)),
  gelu: x => (x / 2) * (1 + erf(x * Math.SQRT1_2)),
  'gelu-tanh': x => (x / 2) * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3))),
}

const KINDS = Object.keys(FUNCTIONS) as Activation[]

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

type Case = ActivationShape & { readonly numRows: number }

function reference(kind: Activation, x: ArrayLike<number>, { numRows, rowLen, stride, upOffset }: Case): Float64Array {
  return Float64Array.from({ length: numRows * rowLen }, (_, index) => {
    const at = Math.floor(index / rowLen) * stride + (index % rowLen)
    return FUNCTIONS[kind](x[at]) * (upOffset === undefined ? 1 : x[at + upOffset])
  })
}

async function run(kind: Activation, x: Float32Array<ArrayBuffer>, shape: Case): Promise<Float32Array> {
  const bench = await kernelBench()
  const y = bench.output(shape.numRows * shape.rowLen)
  const record = activation(bench, kind, shape, { x: bench.upload(x), y })
  await bench.ready()
  record(shape.numRows)
  return bench.read(y, shape.numRows * shape.rowLen)
}

describe.each(KINDS)('activation %s', kind => {
  it.each([
    { numRows: 1, rowLen: 1, stride: 2, upOffset: 1 },
    { numRows: 3, rowLen: 85, stride: 170, upOffset: 85 },
    { numRows: 4, rowLen: 1536, stride: 3072, upOffset: 1536 },
    { numRows: 5, rowLen: 96, stride: 256, upOffset: undefined },
    { numRows: 70000, rowLen: 3, stride: 6, upOffset: 3 },
  ])('matches the f64 reference for $numRows rows of $rowLen in $stride, gates at $upOffset', async shape => {
    const x = random(shape.rowLen).floats(shape.numRows * shape.stride, 8)
    expectClose(await run(kind, x, shape), reference(kind, x, shape), 1e-11)
  })

  it('stays finite for values far from 0, and is 0 or the value there', async () => {
    const values = [-3e38, -1e19, -1e4, -200, -120, 120, 200, 1e4, 1e19, 3e38]
    const y = await run(kind, Float32Array.from(values), { numRows: 1, rowLen: 10, stride: 10 })
    expectClose(
      y,
      values.map(value => Math.max(value, 0)),
      1e-12,
    )
    for (const value of y.slice(0, 5)) expect(Math.abs(value)).toBeLessThan(1e-30)
  })

  it('errs by the last digits of f32 everywhere', async () => {
    const x = Float32Array.from({ length: 4001 }, (_, index) => (index - 2000) / 100)
    const y = await run(kind, x, { numRows: 1, rowLen: 4001, stride: 4001 })
    x.forEach((value, index) => {
      const allowed = 1e-6 * Math.max(1, Math.abs(value)) * Math.min(1, Math.abs(value) + 1e-6)
      expect(Math.abs(y[index] - FUNCTIONS[kind](value))).toBeLessThanOrEqual(allowed)
    })
  })
})
