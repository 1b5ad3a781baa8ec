import { expect, it } from 'vitest'
import { nullGpu } from '../../src/bench/null-gpu'
import { openGpu } from '../../src/gpu/device'
import type { WayChoice } from '../../src/kernels/tunable'
import type { TuningTable } from '../../src/tuning/table'
import { Tuner } from '../../src/tuning/tuner'

const ALL = Number.POSITIVE_INFINITY
const MAX_TOKENS = 64

/** A tuner on a GPU and with a clock on which a run by a way takes as long as `msOf` says. */
async function scene(msOf: (way: number, numTokens: number) => number, table: TuningTable = {}) {
  const seen = { elapsed: 0, submits: 0, recorded: new Set<number>(), used: new Map<string, readonly WayChoice[]>() }
  let recordedMs = 0
  const gpu = await openGpu({
    gpu: nullGpu(() => {
      seen.submits += 1
      seen.elapsed += 0.5 + recordedMs
      recordedMs = 0
    }),
  })
  const tuner = new Tuner(gpu, table, MAX_TOKENS, () => seen.elapsed)
  const add = (shape: string, work: number) =>
    tuner.add({
      label: shape,
      shape,
      work,
      maxTokens: 1000,
      ways: [4, 16, ALL].map((maxTokens, way) => ({ name: `way ${way}`, maxTokens })),
      record: way => numTokens => {
        seen.recorded.add(way)
        recordedMs += msOf(way, numTokens)
      },
      use: choices => seen.used.set(shape, choices),
    })
  return { gpu, tuner, add, seen }
}

it('the fastest way is used, for each number of tokens', async () => {
  const { tuner, add, seen } = await scene((way, numTokens) => (way === 1 && numTokens < 64 ? 0.1 : 0.2))
  expect(add('a', 100)).toBeUndefined()
  const text = await tuner.tune()
  expect(seen.used.get('a')).toEqual([
    { way: 1, maxTokens: 16 },
    { way: 2, maxTokens: ALL },
  ])
  expect(tuner.table).toEqual({ a: [1, 1, 1, 2] })
  expect(text).toMatch(/timed in \d+ ms; a for 1 tokens by way 1, a for 4 tokens by way 1$/)
})

it('what is faster by less than the clock can tell apart is not used', async () => {
  const { tuner, add } = await scene(way => 1 - way / 100)
  add('a', 100)
  expect(await tuner.tune()).toMatch(/the defaults are the fastest$/)
  expect(tuner.table).toEqual({ a: [0, 0, 1, 2] })
})

it('a table that knows all shapes makes every call at once as it says, and nothing is timed', async () => {
  const { gpu, tuner, add, seen } = await scene(() => 1, { a: [2, 2, 1, 0] })
  const { buffers } = gpu.made
  expect(add('a', 100)).toEqual([
    { way: 2, maxTokens: 4 },
    { way: 1, maxTokens: 16 },
    { way: 0, maxTokens: ALL },
  ])
  expect(await tuner.tune()).toMatch(/known from an earlier load; a for 1 tokens by way 2/)
  expect([seen.submits, seen.recorded.size, gpu.made.buffers]).toEqual([0, 0, buffers])
})

it('a shape of which the table holds nonsense is timed as if it were new', async () => {
  const { tuner, add, seen } = await scene(() => 1, { a: [2, 2, 1, 3], b: [0, 0, 1, 2] })
  expect(add('a', 100)).toBeUndefined()
  expect(add('b', 100)).toBeDefined()
  await tuner.tune()
  expect([...seen.used.keys()]).toEqual(['a'])
  expect(tuner.table).toEqual({ a: [0, 0, 1, 2], b: [0, 0, 1, 2] })
})

it.each([0.01, 1, 30, 400])(
  'timing ends with the sample in which a second is over, where a run of a token takes %d ms',
  async ms => {
    const { tuner, add, seen } = await scene((way, numTokens) => (ms * numTokens) / (1 + way))
    for (let shape = 0; shape < 40; shape++) add(`${shape}`, shape)
    await tuner.tune()
    expect(seen.elapsed).toBeLessThan(1000 + ms + 20)
    expect(seen.used.size).toBe(40)
    // of what is left alone the largest is timed first, and what was not timed keeps its default
    expect(tuner.table[39][0]).toBe(ms < 400 ? 1 : 0)
    expect(tuner.table[0][3]).toBe(2)
  },
)

it('an abort ends it with its reason, and its memory is given back', async () => {
  const abort = new AbortController()
  const { gpu, tuner, add, seen } = await scene(() => {
    if (seen.submits > 6) abort.abort(new Error('enough'))
    return 1
  })
  add('a', 100)
  const before = gpu.allocatedBytes
  await expect(tuner.tune(abort.signal)).rejects.toThrow('enough')
  expect(seen.submits).toBe(8)
  expect(gpu.allocatedBytes).toBe(before)
  expect(tuner.table).toEqual({})
})
