import { afterEach, expect, test, vi } from 'vitest'
import { Deferred } from '../../src/core/deferred'
import { DeviceLost, Disposed, type Engine } from '../../src/index'
import { openEngine } from './open'

const few = { maxTokens: 2, ignoreEos: true }
const rows = (count: number) => Array.from({ length: count }, (_, index) => `Be brief. Row ${index}`)

/** A clock by which each look takes a millisecond, so that a slice of work is 8 steps, however fast the machine. */
function slowClock(): void {
  let now = 0
  vi.spyOn(performance, 'now').mockImplementation(() => now++)
}

afterEach(() => {
  vi.restoreAllMocks()
})

async function opened<T>(use: (engine: Engine) => Promise<T>): Promise<T> {
  const engine = await openEngine()
  try {
    return await use(engine)
  } finally {
    engine.dispose()
  }
}

test('a call of many prompts is read and planned in slices, with turns of other work between them', () =>
  opened(async engine => {
    slowClock()
    let turns = 0
    let isDone = false
    const beat = () => {
      turns++
      if (!isDone) setImmediate(beat)
    }
    const generation = engine.generate(rows(400), few)
    beat()
    expect(await engine.stats()).toMatchObject({ waiting: 0, running: 0, steps: 0 })
    const plan = await generation.plan
    isDone = true
    // 400 prompts, read, inserted and tried, 8 at a time
    expect(turns).toBeGreaterThan(3 * (400 / 8))
    expect(plan.order).toHaveLength(400)
    const results = await generation.all()
    expect(results.map(({ finishReason }) => finishReason)).toEqual(new Array(400).fill('length'))
  }))

test('from a call to its last result no timer is set: those of a hidden tab ring once a second, or a minute', () =>
  opened(async engine => {
    slowClock()
    const timers = [vi.spyOn(globalThis, 'setTimeout'), vi.spyOn(globalThis, 'setInterval')]
    expect(await engine.generate(rows(200), few, { priority: 'background' }).all()).toHaveLength(200)
    for (const timer of timers) expect(timer).not.toHaveBeenCalled()
  }))

test('a call of few prompts is read before `generate` returns', () =>
  opened(async engine => {
    vi.spyOn(performance, 'now').mockReturnValue(0)
    const messages = [{ role: 'user', content: 'a' }]
    const generation = engine.generate([messages], few)
    messages.push({ role: 'user', content: 'Z' })
    const { waiting, running } = await engine.stats()
    expect(waiting + running).toBe(1)
    const [{ promptTokenIds }] = await generation.all()
    expect(await engine.detokenize(promptTokenIds, { skipSpecialTokens: false })).not.toContain('Z')
  }))

test('prompts that join or leave the array later do not count', () =>
  opened(async engine => {
    slowClock()
    const prompts = rows(40)
    const generation = engine.generate(prompts, few)
    prompts.length = 0
    expect(await generation.all()).toHaveLength(40)
  }))

test('an abort while prompts are read or planned ends the call, and leaves nothing behind', () =>
  opened(async engine => {
    slowClock()
    for (const turns of [0, 1, 5, 20, 40, 60, 80]) {
      const abort = new AbortController()
      const generation = engine.generate([...rows(100), ''], few, { signal: abort.signal })
      const results: string[] = []
      const reading = (async () => {
        for await (const { index, finishReason } of generation) results[index] = finishReason
      })()
      reading.catch(() => undefined)
      for (let turn = 0; turn < turns; turn++) await new Promise(setImmediate)
      abort.abort(new Error('enough'))
      await expect(reading).rejects.toThrow('enough')
      await generation.plan.catch((error: Error) => expect(error.message).toBe('enough'))
      expect(results).toHaveLength(101)
      expect(await engine.stats()).toMatchObject({ waiting: 0, running: 0 })
      expect(results.every(reason => ['abort', 'length', 'error'].includes(reason))).toBe(true)
    }
    expect(await engine.generate(['a'], few).all()).toHaveLength(1)
    expect((await engine.stats()).usedBlocks).toBe(0)
  }))

test('leaving the loop early while prompts are read stops that', () =>
  opened(async engine => {
    slowClock()
    const generation = engine.generate(['', ...rows(100)], few)
    for await (const { finishReason } of generation) {
      expect(finishReason).toBe('error')
      break
    }
    await expect(generation.plan).rejects.toMatchObject({ name: 'AbortError' })
    expect(await engine.stats()).toMatchObject({ waiting: 0, running: 0, steps: 0 })
  }))

// once the end of the results, read while what can run was still planned, was taken for a reader who leaves early
test.each([1, 7, 8, 9, 40])('where each of %i prompts fails, the plan comes all the same, of none', count =>
  opened(async engine => {
    slowClock()
    const generation = engine.generate(new Array(count).fill(''), few)
    const results = await generation.all()
    expect(results.every(({ finishReason }) => finishReason === 'error')).toBe(true)
    expect((await generation.plan).order).toEqual([])
  }),
)

test('an abort ends `plan` between slices', () =>
  opened(async engine => {
    slowClock()
    const abort = new AbortController()
    const planning = engine.plan(rows(100), few, { signal: abort.signal })
    abort.abort(new Error('enough'))
    await expect(planning).rejects.toThrow('enough')
  }))

test('two calls that are read at the same time both get their answers', () =>
  opened(async engine => {
    slowClock()
    const calls = [engine.generate(rows(60), few), engine.generate(rows(60), few)]
    for (const results of await Promise.all(calls.map(call => call.all()))) {
      expect(results.map(({ usage }) => usage.completionTokens)).toEqual(new Array(60).fill(2))
    }
  }))

test('disposing while prompts are read ends the call with Disposed', async () => {
  const engine = await openEngine()
  slowClock()
  const generation = engine.generate(rows(100), few)
  engine.dispose()
  await expect(generation.all()).rejects.toBeInstanceOf(Disposed)
  await expect(generation.plan).rejects.toBeInstanceOf(Disposed)
  await expect(engine.plan(rows(2))).rejects.toBeInstanceOf(Disposed)
})

test('losing the device while prompts are read ends the call with DeviceLost, which `lost` tells too', async () => {
  const { promise: lost, resolve: lose } = new Deferred<object>()
  const engine = await openEngine(undefined, {}, { lost })
  slowClock()
  const generation = engine.generate(rows(100), few)
  lose({ reason: 'unknown', message: 'a driver reset' })
  await expect(generation.all()).rejects.toBeInstanceOf(DeviceLost)
  await expect(generation.plan).rejects.toBeInstanceOf(DeviceLost)
  expect(await engine.lost).toBeInstanceOf(DeviceLost)
})

test('`lost` stays pending when the engine is disposed, though that ends its device', async () => {
  const { promise: lost, resolve: lose } = new Deferred<object>()
  const engine = await openEngine(undefined, {}, { lost })
  engine.dispose()
  lose({ reason: 'destroyed', message: '' })
  await new Promise(setImmediate)
  expect(await Promise.race([engine.lost, Promise.resolve('pending')])).toBe('pending')
})
