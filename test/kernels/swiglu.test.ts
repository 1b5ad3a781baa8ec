import { describe, it } from 'vitest'
import { swiglu } from '../../src/kernels/swiglu'
import { expectClose } from '../support/compare'
import { kernelBench } from '../support/gpu'
import { random } from '../support/random'

interface Case {
  readonly numRows: number
  readonly rowLen: number
  readonly stride: number
  readonly upOffset: number
}

/** The formula, naively and in f64. */
function reference(gateUp: ArrayLike<number>, { numRows, rowLen, stride, upOffset }: Case): Float64Array {
  const y = new Float64Array(numRows * rowLen)
  for (let row = 0; row < numRows; row++) {
    for (let i = 0; i < rowLen; i++) {
      const gate = gateUp[row * stride + i]
      y[row * rowLen + i] = (gate / (1 + Math.exp(-gate))) * gateUp[row * stride + upOffset + i]
    }
  }
  return y
}

async function expectReference(gateUp: Float32Array<ArrayBuffer>, shape: Case): Promise<void> {
  const bench = await kernelBench()
  const y = bench.output(shape.numRows * shape.rowLen)
  const run = swiglu(bench, shape, { gate_up: bench.upload(gateUp), y })
  await bench.ready()
  run(shape.numRows)
  expectClose(await bench.read(y, shape.numRows * shape.rowLen), reference(gateUp, shape), 1e-10)
}

describe('swiglu', () => {
  it.each([
    { numRows: 1, rowLen: 1, stride: 2, upOffset: 1 },
    { numRows: 3, rowLen: 85, stride: 170, upOffset: 85 },
    { numRows: 5, rowLen: 96, stride: 256, upOffset: 128 },
    { numRows: 4, rowLen: 1536, stride: 3072, upOffset: 1536 },
    { numRows: 70000, rowLen: 3, stride: 6, upOffset: 3 },
  ])('matches the f64 reference for $numRows rows of $rowLen in $stride', async shape => {
    await expectReference(random(shape.rowLen).floats(shape.numRows * shape.stride, 8), shape)
  })

  it('stays finite for gates far from 0', async () => {
    const gates = [-3e38, -1e4, -200, -88, -80, -20, -0, 0, 20, 88, 1e4, 1e19]
    const gateUp = Float32Array.from([...gates, ...gates.map(() => 2)])
    await expectReference(gateUp, { numRows: 1, rowLen: 12, stride: 24, upOffset: 12 })
  })
})
