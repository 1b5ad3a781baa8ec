import { describe, expect, it } from 'vitest'
import { softcap } from '../../src/kernels/softcap'
import { expectClose } from '../support/compare'
import { kernelBench } from '../support/gpu'
import { random } from '../support/random'

async function run(x: Float32Array<ArrayBuffer>, cap: number, n: number): Promise<Float32Array> {
  const bench = await kernelBench()
  const buffer = bench.upload(x)
  const record = softcap(bench, cap, buffer)
  await bench.ready()
  record(n)
  return bench.read(buffer, x.length)
}

describe('softcap', () => {
  it('bounds values as the f64 reference does, and touches none beyond those asked for', async () => {
    const x = random(4).floats(1000, 100)
    const y = await run(x, 30, 997)
    expectClose(
      y.slice(0, 997),
      Float64Array.from(x.slice(0, 997), value => 30 * Math.tanh(value / 30)),
      1e-11,
    )
    expect(y.slice(997)).toEqual(x.slice(997))
  })

  it('gives the cap for values far beyond it', async () => {
    expectClose(await run(Float32Array.of(-3e38, -4000, 4000, 3e38), 30, 4), [-30, -30, 30, 30], 1e-13)
  })
})
