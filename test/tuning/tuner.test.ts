import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { nullGpu } from '../../src/bench/common/null-gpu'
import { openGpu } from '../../src/gpu/device'
import type { WayChoice } from '../../src/kernels/tunable'
import type { TuningTable } from '../../src/tuning/table'
import { Tuner } from '../../src/tuning/tuner'

const ALL = Number.POSITIVE_INFINITY
const MAX_TOKENS = 64

beforeEach(() => {
  vi.useFakeTimers()
})

afterEach(() => {
  vi.useRealTimers()
})

/** Milliseconds of a run. */
type Speed = (way: number, numTokens: number) => number

/** A tuner on a GPU where runs take as long as `msOf` says, and `compileMs` more if a shape's way runs for the first time. */
async function scene(msOf: Speed, table: TuningTable = {}, compileMs = 0) {
  const seen = { submits: 0, recorded: new Set<string>(), used: new Map<string, readonly WayChoice[]>() }
  let recordedMs = 0
  let passed: Promise<unknown> = Promise.resolve()
  const gpu = await openGpu({
    gpu: nullGpu(() => {
      seen.submits += 1
    }),
  })
  gpu.device.queue.onSubmittedWorkDone = async () => {
    passed = vi.advanceTimersByTimeAsync(0.5 + recordedMs)
    recordedMs = 0
    await passed
    return undefined
  }
  const tuner = new Tuner(gpu, table, MAX_TOKENS)
  const add = (shape: string, work: number) =>
    tuner.add({
      label: shape,
      shape,
      work,
      maxTokens: 1000,
      ways: [4, 16, ALL].map((maxTokens, way) => ({ name: `way ${way}`, maxTokens })),
      record: way => numTokens => {
        const call = `${shape} by way ${way}`
        recordedMs += msOf(way, numTokens) + (seen.recorded.has(call) ? 0 : compileMs)
        seen.recorded.add(call)
      },
      use: choices => seen.used.set(shape, choices),
    })
  /** How long it takes, and what it says. */
  const tune = async (signal?: AbortSignal) => {
    const start = performance.now()
    const text = await tuner.tune(signal)
    const ms = performance.now() - start
    // of a sample that was not waited for, too
    await passed
    return { text, ms }
  }
  return { gpu, tuner, add, tune, seen }
}

it('the fastest way is used, for each number of tokens', async () => {
  const { tuner, add, tune, seen } = await scene((way, numTokens) => (way === 1 && numTokens < 64 ? 0.1 : 0.2))
  expect(add('a', 100)).toBeUndefined()
  const { text } = await tune()
  expect(seen.used.get('a')).toEqual([
    { way: 1, maxTokens: 16 },
    { way: 2, maxTokens: ALL },
  ])
  expect(tuner.table).toEqual({ a: { 1: 1, 4: 1, 16: 1, 64: 2 } })
  expect(text).toMatch(/timed in \d+ ms; a for 1 tokens by way 1, a for 4 tokens by way 1$/)
})

it.each([1, 0.00001])('what is faster by less than the clock can tell apart is not used (%d ms)', async ms => {
  const { tuner, add, tune } = await scene(way => ms * (ms === 1 ? 1 - way / 100 : 1 / (1 + way)))
  add('a', 100)
  expect((await tune()).text).toMatch(/the defaults are the fastest$/)
  expect(tuner.table).toEqual({ a: { 1: 0, 4: 0, 16: 1, 64: 2 } })
})

it('a way is not judged by its first run, in which a driver may compile it', async () => {
  const { tuner, add, tune } = await scene(way => 1 / (1 + way), {}, 60)
  add('a', 100)
  await tune()
  expect(tuner.table).toEqual({ a: { 1: 1, 4: 1, 16: 2, 64: 2 } })
})

describe('a table', () => {
  const TABLE = { a: { 1: 2, 4: 2, 16: 1, 64: 0 } }

  it('that knows all cases makes every call at once as it says, and nothing is timed', async () => {
    const { gpu, add, tune, tuner, seen } = await scene(() => 1, TABLE)
    const { buffers } = gpu.made
    expect(add('a', 100)).toEqual([
      { way: 2, maxTokens: 4 },
      { way: 1, maxTokens: 16 },
      { way: 0, maxTokens: ALL },
    ])
    expect(tuner.needsQuiet).toBe(false)
    expect((await tune()).text).toMatch(/known from an earlier load; a for 1 tokens by way 2/)
    expect([seen.submits, seen.recorded.size, gpu.made.buffers]).toEqual([0, 0, buffers])
  })

  it('that does not know all cases of a shape, or holds nonsense for one, has those timed alone', async () => {
    const { tuner, add, tune, seen } = await scene(() => 1, { a: { 1: 2, 4: 2, 64: 3 }, b: { ...TABLE.a } })
    expect(add('a', 100)).toBeUndefined()
    expect(add('b', 100)).toBeDefined()
    expect(tuner.needsQuiet).toBe(true)
    await tune()
    expect([...seen.used.keys()]).toEqual(['a'])
    expect(tuner.table).toEqual({ a: { 1: 2, 4: 2, 16: 1, 64: 2 }, b: TABLE.a })
  })

  it('keeps what it knows of other numbers of tokens', async () => {
    const { tuner, add, tune } = await scene(() => 1, { a: { ...TABLE.a, 512: 1 } })
    add('a', 100)
    await tune()
    expect(tuner.table).toEqual({ a: { ...TABLE.a, 512: 1 } })
  })
})

describe.each([0.01, 1, 30, 90, 400, 3000])('where a run of a token takes %d ms', ms => {
  const SHAPES = 12
  const speed: Speed = (way, numTokens) => (ms * numTokens) / (1 + way)

  it.each([0, 40, 300])('a load times for less than a second, if the first run takes %d ms longer', async compileMs => {
    const { tuner, add, tune, seen } = await scene(speed, {}, compileMs)
    for (let shape = 0; shape < SHAPES; shape++) add(`${shape}`, shape)
    const load = await tune()
    expect(load.ms).toBeLessThan(1000)
    expect(seen.used.size).toBe(SHAPES)
    if (ms > 30 || compileMs > 40) return
    // the most work is timed first, and what was not timed is made by default and not in the table
    expect(tuner.table[SHAPES - 1][1]).toBe(1)
    expect(tuner.table[0][64]).toBeUndefined()
    expect(seen.used.get('0')?.at(-1)).toEqual({ way: 2, maxTokens: ALL })
  })

  it('some load knows all cases, and the next times nothing', async () => {
    const table: TuningTable = {}
    for (let load = 0; load < 4 * SHAPES; load++) {
      const { add, tune } = await scene(speed, table, 40)
      for (let shape = 0; shape < SHAPES; shape++) add(`${shape}`, shape)
      const { text } = await tune()
      if (!text.includes('left for later loads')) break
    }
    const { add, seen, tune } = await scene(speed, table)
    for (let shape = 0; shape < SHAPES; shape++) expect(add(`${shape}`, shape)).toBeDefined()
    await tune()
    expect(seen.submits).toBe(0)
  })
})

it('a sample that does not end is not waited for', async () => {
  const { gpu, tuner, add } = await scene(() => 1)
  add('a', 100)
  const { queue } = gpu.device
  let samples = 0
  queue.onSubmittedWorkDone = () => (++samples > 20 ? new Promise(() => undefined) : Promise.resolve(undefined))
  const tuned = tuner.tune()
  await vi.advanceTimersByTimeAsync(1000)
  expect(await tuned).toMatch(/timed in 9\d\d ms, \d cases are left for later loads/)
})

it('an abort ends it with its reason, and its memory is given back', async () => {
  const abort = new AbortController()
  const { gpu, tuner, add, tune, seen } = await scene(() => {
    if (seen.submits > 6) abort.abort(new Error('enough'))
    return 1
  })
  add('a', 100)
  const before = gpu.allocatedBytes
  await expect(tune(abort.signal)).rejects.toThrow('enough')
  expect(seen.submits).toBe(8)
  expect(gpu.allocatedBytes).toBe(before)
  expect(tuner.table).toEqual({})
})
