import { describe, expect, it } from 'vitest'
import { gatherRows } from '../../src/kernels/gather-rows'
import { kernelBench } from '../support/gpu'
import { random } from '../support/random'

describe('gather-rows', () => {
  it.each([
    { numRows: 1, rowLen: 1, from: 1 },
    { numRows: 5, rowLen: 577, from: 9 },
    { numRows: 300, rowLen: 64, from: 7 },
    { numRows: 70000, rowLen: 300, from: 3 },
  ])('copies $numRows rows of $rowLen out of $from, each exactly', async ({ numRows, rowLen, from }) => {
    const { floats, int } = random(numRows + rowLen)
    const x = floats(from * rowLen)
    const rows = Array.from({ length: numRows }, () => int(0, from))
    const bench = await kernelBench()
    const y = bench.output(numRows * rowLen)
    const run = gatherRows(bench, rowLen, { x: bench.upload(x), y })
    await bench.ready()
    // a list that starts somewhere in the arena
    bench.step.push([1e9, 1e9, 1e9])
    run(rows)
    const actual = await bench.read(y, numRows * rowLen)
    const wrong = actual.findIndex((value, i) => value !== x[rows[Math.floor(i / rowLen)] * rowLen + (i % rowLen)])
    expect(wrong).toBe(-1)
  })

  it('records nothing for no rows', async () => {
    const bench = await kernelBench()
    const run = gatherRows(bench, 4, { x: bench.output(4), y: bench.output(4) })
    await bench.ready()
    run([])
    expect(bench.step.numDispatches).toBe(0)
  })
})
