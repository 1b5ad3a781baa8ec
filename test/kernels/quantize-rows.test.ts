import { expect, it } from 'vitest'
import type { Int8Rows } from '../../src/kernels/context'
import { quantizeRows } from '../../src/kernels/quantize-rows'
import { nmse } from '../support/compare'
import { type KernelBench, kernelBench } from '../support/gpu'
import { random } from '../support/random'

async function rounded(bench: KernelBench, x: Float32Array<ArrayBuffer>, numRows: number) {
  const rows: Int8Rows = { codes: bench.output(x.length / 4), scales: bench.output(x.length / 32) }
  const run = quantizeRows(bench, x.length / numRows, bench.upload(x), rows)
  await bench.ready()
  run(numRows)
  const codes = new Int8Array((await bench.readU32(rows.codes, x.length / 4)).buffer)
  const scales = await bench.read(rows.scales, x.length / 32)
  return { codes, scales, values: Float32Array.from(codes, (code, i) => code * scales[Math.floor(i / 32)]) }
}

it.each([
  { numRows: 1, cols: 32 },
  { numRows: 7, cols: 576 },
  { numRows: 33, cols: 96 },
])('every value of $numRows × $cols is off by at most half its scale, and the largest are ±127', async shape => {
  const { numRows, cols } = shape
  const x = random(cols).floats(numRows * cols, 3)
  const { codes, scales, values } = await rounded(await kernelBench(), x, numRows)
  scales.forEach((scale, group) => {
    const [from, end] = [group * 32, (group + 1) * 32]
    const largest = Math.max(...x.subarray(from, end).map(Math.abs))
    expect(Math.abs(scale / (largest / 127) - 1)).toBeLessThan(1e-6)
    expect(Math.max(...codes.subarray(from, end).map(Math.abs))).toBe(127)
  })
  values.forEach((value, i) => {
    expect(Math.abs(value - x[i])).toBeLessThanOrEqual(0.5001 * scales[Math.floor(i / 32)])
  })
  // of uniformly distributed values: 1 / (127² · 4)
  expect(nmse(values, x)).toBeLessThan(2e-5)
})

it('zeros and all but zeros become 0', async () => {
  const x = new Float32Array(64)
  x[40] = 1e-38
  const { values } = await rounded(await kernelBench(), x, 1)
  for (const value of values) expect(Math.abs(value)).toBeLessThan(1e-30)
})
