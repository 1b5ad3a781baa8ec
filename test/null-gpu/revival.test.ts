import { afterEach, describe, expect, test, vi } from 'vitest'
import { Deferred } from '../../src/core/deferred'
import {
  DeviceLost,
  Disposed,
  DownloadFailed,
  type Engine,
  type GenerationParams,
  OutOfMemory,
  UnsupportedDevice,
} from '../../src/index'
import { pick } from '../support/for-each-seed'
import { type Random, random } from '../support/random'
import { type SimulatedDevice, type SimulatedOptions, simulatedEngine } from './simulated-engine'

const long = { maxTokens: 60, ignoreEos: true }

afterEach(() => {
  vi.restoreAllMocks()
  vi.useRealTimers()
})

/** Prompts that share beginnings, and parameters of all kinds that an answer may depend on what came before. */
function requests(random: Random): { prompts: number[][]; params: GenerationParams[] } {
  const ids = (length: number) => Array.from({ length }, () => random.int(1, 40))
  const beginnings = [ids(random.int(1, 40)), ids(random.int(1, 40)), []]
  const prompts = Array.from({ length: 10 }, () => [...pick(random, beginnings), ...ids(random.int(1, 20))])
  const params = prompts.map(() => ({
    maxTokens: random.int(1, 40),
    ignoreEos: random.next() < 0.5,
    presencePenalty: random.next() < 0.3 ? 1 : 0,
    logprobs: random.next() < 0.3 ? 0 : undefined,
    stop: random.next() < 0.3 ? ['!', '"#'] : [],
  }))
  return { prompts, params }
}

/** The results of all, and the texts as they came. */
async function answers(engine: Engine, { prompts, params }: ReturnType<typeof requests>) {
  const texts = prompts.map(() => '')
  const onText = (text: string, index: number) => {
    texts[index] += text
  }
  const results = await engine.generate(prompts, params, { onText }).all()
  // what others had computed when a prompt began is no part of its answer
  return { results: results.map(({ usage: _, ...answer }) => answer), texts }
}

/** Loses the device in its `n`th step, and those after it in theirs. */
function losing(...steps: number[]): SimulatedOptions['onStep'] {
  return device => {
    if (device.numSteps < (steps[0] ?? Number.POSITIVE_INFINITY)) return
    steps.shift()
    device.lose()
  }
}

test('whenever devices are lost, all answers, log-probabilities and texts are those of an undisturbed run', async () => {
  let numLost = 0
  for (let seed = 1; seed <= 25; seed++) {
    const asked = requests(random(seed))
    const undisturbed = await simulatedEngine({})
    const expected = await answers(undisturbed.engine, asked)
    const dice = random(1000 + seed)
    const onStep = (device: SimulatedDevice) => {
      if (dice.next() < 0.1) device.lose()
    }
    const { engine, devices } = await simulatedEngine({ onStep, onLost: { losses: 1000, minutes: 10 } })
    const found = await answers(engine, asked)
    expect(found, `seed ${seed}`).toEqual(expected)
    expect(found.texts).toEqual(found.results.map(({ text }) => text))
    const { revivals, running, waiting, usedBlocks, submits } = await engine.stats()
    expect({ running, waiting, usedBlocks }).toEqual({ running: 0, waiting: 0, usedBlocks: 0 })
    expect(revivals).toBe(devices.length - 1)
    expect(submits).toBe(devices.reduce((sum, { numSteps }) => sum + numSteps, 0))
    expect(devices.slice(0, -1).every(({ isDisposed }) => isDisposed)).toBe(true)
    numLost += revivals
    engine.dispose()
    undisturbed.engine.dispose()
  }
  expect(numLost).toBeGreaterThan(50)
})

test('calls that come during a revival wait for it, and are answered', async () => {
  const opening = new Deferred<void>()
  const { engine, devices } = await simulatedEngine({
    onLost: 'revive',
    onStep: losing(3),
    onOpen: () => opening.promise,
  })
  const first = engine.generate([[1, 2, 3]], long).all()
  await vi.waitUntil(() => devices[0].isDisposed)
  const { steps } = await engine.stats()
  const second = engine.generate([[1, 2, 3], [4]], long)
  expect((await second.plan).promptTokens).toBe(4)
  await new Promise(setImmediate)
  // none is decided for a device that is gone
  expect(await engine.stats()).toMatchObject({ revivals: 0, gpuBytes: 64, steps })
  opening.resolve()
  const [[alone], [same]] = await Promise.all([first, second.all()])
  expect(alone.tokenIds).toHaveLength(60)
  expect(same.tokenIds).toEqual(alone.tokenIds)
  expect(await engine.stats()).toMatchObject({ revivals: 1, running: 0, waiting: 0 })
  engine.dispose()
})

test('an abort during a revival ends its call at once, with the tokens that it had; others go on', async () => {
  const opening = new Deferred<void>()
  const { engine, devices } = await simulatedEngine({
    onLost: 'revive',
    onStep: losing(8),
    onOpen: () => opening.promise,
  })
  const abort = new AbortController()
  const seen: number[][] = []
  const aborted = (async () => {
    const generation = engine.generate([[1, 2], [3]], long, { signal: abort.signal })
    for await (const { index, tokenIds, finishReason } of generation) {
      expect(finishReason).toBe('abort')
      seen[index] = [...tokenIds]
    }
  })()
  const other = engine.generate([[1, 2]], long).all()
  await vi.waitUntil(() => devices[0].isDisposed)
  abort.abort(new Error('enough'))
  await expect(aborted).rejects.toThrow('enough')
  opening.resolve()
  const [{ tokenIds }] = await other
  expect(seen.map(({ length }) => length > 0 && length < 60)).toEqual([true, true])
  expect(tokenIds.slice(0, seen[0].length)).toEqual(seen[0])
  expect(tokenIds).toHaveLength(60)
  expect(await engine.stats()).toMatchObject({ running: 0, waiting: 0, usedBlocks: 0 })
  engine.dispose()
})

test('disposing during a revival ends all with Disposed, and opens nothing any more', async () => {
  const opening = new Deferred<void>()
  const { engine, devices } = await simulatedEngine({
    onLost: 'revive',
    onStep: losing(3),
    onOpen: () => opening.promise,
  })
  const running = engine.generate([[1, 2, 3]], long).all()
  await vi.waitUntil(() => devices[0].isDisposed)
  engine.dispose()
  await expect(running).rejects.toBeInstanceOf(Disposed)
  opening.resolve()
  await new Promise(setImmediate)
  expect(devices).toHaveLength(1)
  expect(() => engine.generate([[1]])).toThrow(Disposed)
  expect(await Promise.race([engine.lost, Promise.resolve('pending')])).toBe('pending')
})

test('a device that is lost while it is opened is one more loss, and the next takes its place', async () => {
  let numOpened = 0
  const onOpen = () => {
    if (++numOpened <= 2) throw new DeviceLost('lost again')
  }
  const { engine } = await simulatedEngine({ onLost: 'revive', onStep: losing(3), onOpen })
  expect(await engine.generate([[1, 2, 3]], long).all()).toHaveLength(1)
  expect(numOpened).toBe(3)
  expect((await engine.stats()).revivals).toBe(1)
  engine.dispose()
})

test('one loss too many within the minutes ends the engine with DeviceLost and the numbers', async () => {
  const { engine, devices } = await simulatedEngine({ onLost: 'revive', onStep: losing(3, 3, 3, 3) })
  const running = engine.generate([[1, 2, 3]], long).all()
  await expect(running).rejects.toBeInstanceOf(DeviceLost)
  await expect(running).rejects.toThrow('The GPU was lost 4 times within 10 minutes, and the engine has given up')
  expect((await engine.lost).cause).toBeInstanceOf(DeviceLost)
  expect(devices.map(({ isDisposed }) => isDisposed)).toEqual([true, true, true, true])
  expect(() => engine.generate([[1]])).toThrow(DeviceLost)
})

test('losses that are long past do not count', async () => {
  let now = Date.now()
  vi.spyOn(Date, 'now').mockImplementation(() => now)
  const { engine, devices } = await simulatedEngine({
    onLost: { losses: 1, minutes: 5 },
    onOpen: () => {
      now += 5 * 60_000
    },
    onStep: losing(3, 3, 3),
  })
  expect(await engine.generate([[1, 2, 3]], long).all()).toHaveLength(1)
  expect(devices).toHaveLength(4)
  engine.dispose()
})

describe('a loss while nothing runs', () => {
  test('costs the next call the loading, and nobody before it', async () => {
    const { engine, devices } = await simulatedEngine({ onLost: 'revive' })
    const [before] = await engine.generate([[1, 2, 3]], long).all()
    devices[0].lose()
    await new Promise(setImmediate)
    expect(devices).toHaveLength(1)
    expect(await Promise.race([engine.lost, Promise.resolve('pending')])).toBe('pending')
    const [after] = await engine.generate([[1, 2, 3]], long).all()
    expect(after.tokenIds).toEqual(before.tokenIds)
    expect(devices).toHaveLength(2)
    engine.dispose()
  })

  test.each([undefined, 'end'] as const)('ends an engine with onLost %s', async onLost => {
    const { engine, devices } = await simulatedEngine({ onLost })
    devices[0].lose()
    expect(await engine.lost).toBeInstanceOf(DeviceLost)
    expect(() => engine.generate([[1]])).toThrow(DeviceLost)
  })
})

describe('where nothing is said of it', () => {
  test('a job under way has the device replaced, for the calls beside it too', async () => {
    const { engine } = await simulatedEngine({ onStep: losing(5) })
    const job = engine.generate([[1, 2, 3]], long, { priority: 'background' }).all()
    const chat = engine.generate([[4, 5]], long, { priority: 'interactive' }).all()
    expect([...(await job), ...(await chat)].map(({ tokenIds }) => tokenIds.length)).toEqual([60, 60])
    expect((await engine.stats()).revivals).toBe(1)
    engine.dispose()
  })

  test('other calls end with DeviceLost', async () => {
    const { engine } = await simulatedEngine({ onStep: losing(5) })
    await expect(engine.generate([[4, 5]], long).all()).rejects.toBeInstanceOf(DeviceLost)
    expect(await engine.lost).toBeInstanceOf(DeviceLost)
  })

  test('a job whose prompts are still read has it replaced when it needs one', async () => {
    const { engine, devices } = await simulatedEngine({})
    let now = 0
    vi.spyOn(performance, 'now').mockImplementation(() => now++)
    const prompts = Array.from({ length: 50 }, (_, index) => [1, 2, 3, 1 + (index % 30)])
    const job = engine.generate(prompts, { maxTokens: 2 }, { priority: 'background' })
    devices[0].lose()
    expect(await job.all()).toHaveLength(50)
    expect((await job.plan).order).toHaveLength(50)
    expect(devices).toHaveLength(2)
    engine.dispose()
  })
})

describe('GPU memory that is refused', () => {
  const refuse = (at: number) => {
    let isRefused = false
    return (device: SimulatedDevice) => {
      if (isRefused || device.numSteps < at) return
      isRefused = true
      device.fail(new OutOfMemory('no room for 7 bytes'))
    }
  }

  test('in the middle of a run halves the blocks, and no answer changes', async () => {
    const asked = requests(random(7))
    const expected = await answers((await simulatedEngine({ numBlocks: 40 })).engine, asked)
    const { engine, devices } = await simulatedEngine({ numBlocks: 40, onLost: 'revive', onStep: refuse(6) })
    expect(await answers(engine, asked)).toEqual(expected)
    expect(devices.map(({ numBlocks }) => numBlocks)).toEqual([40, 20])
    expect(engine.memory.numBlocks).toBe(20)
    expect(engine.decisions).toEqual(['fewer than before, since the GPU had no room: no room for 7 bytes'])
    expect(await engine.stats()).toMatchObject({ totalBlocks: 20, revivals: 1 })
    engine.dispose()
  })

  test('while another device is opened halves them until it fits, but never below what a row under way needs', async () => {
    const wanted: number[] = []
    const onOpen = ({ numBlocks }: SimulatedDevice) => {
      wanted.push(numBlocks)
      if (numBlocks > 11) throw new OutOfMemory('no room')
    }
    const { engine } = await simulatedEngine({ numBlocks: 64, onLost: 'revive', onStep: losing(6), onOpen })
    const [{ tokenIds }] = await engine.generate([[1, 2, 3]], { maxTokens: 160, ignoreEos: true }).all()
    expect(tokenIds).toHaveLength(160)
    expect(wanted).toEqual([64, 32, 16, 11])
    engine.dispose()
  })

  test('for good ends the engine, with the loss and what hindered the revival', async () => {
    const onOpen = () => {
      throw new OutOfMemory('no room at all')
    }
    const { engine } = await simulatedEngine({ onLost: 'revive', onStep: losing(6), onOpen })
    const running = engine.generate([[1, 2, 3]], long).all()
    await expect(running).rejects.toThrow('lost (test). The engine could not be revived: no room at all')
    expect(await engine.lost).toBeInstanceOf(DeviceLost)
  })

  test('without a revival is an OutOfMemory', async () => {
    const { engine } = await simulatedEngine({ onLost: 'end', onStep: refuse(6) })
    await expect(engine.generate([[1, 2, 3]], long).all()).rejects.toBeInstanceOf(OutOfMemory)
    engine.dispose()
  })

  test('leaves out what came meanwhile and has no room any more', async () => {
    const opening = new Deferred<void>()
    const { engine, devices } = await simulatedEngine({
      numBlocks: 16,
      onLost: 'revive',
      onStep: refuse(3),
      onOpen: () => opening.promise,
    })
    const running = engine.generate([[1, 2, 3]], long).all()
    await vi.waitUntil(() => devices[0].isDisposed)
    const late = engine.generate([[1], [2]], [{ maxTokens: 150 }, { maxTokens: 20, ignoreEos: true }])
    await late.plan
    opening.resolve()
    expect((await running)[0].tokenIds).toHaveLength(60)
    const [tooLong, short] = await late.all()
    expect(tooLong.error?.message).toContain('takes 10 blocks of 16, but the KV cache has 8')
    expect(short.tokenIds).toHaveLength(20)
    engine.dispose()
  })
})

test('an adapter that is not there at first is waited for', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  let numTries = 0
  const onOpen = () => {
    if (++numTries < 3) throw new UnsupportedDevice('no adapter')
  }
  const { engine } = await simulatedEngine({ onLost: 'revive', onStep: losing(3), onOpen })
  const running = engine.generate([[1, 2, 3]], long).all()
  for (const [ms, tries] of [
    [0, 1],
    [999, 1],
    [1, 2],
    [3999, 2],
    [1, 3],
  ]) {
    await vi.advanceTimersByTimeAsync(ms)
    for (let turn = 0; turn < 20; turn++) await new Promise(setImmediate)
    expect(numTries).toBe(tries)
  }
  expect(await running).toHaveLength(1)
  engine.dispose()
})

test('weights that cannot be read again end the engine with DeviceLost, and both causes', async () => {
  const onOpen = () => {
    throw new DownloadFailed('the file has changed')
  }
  const { engine } = await simulatedEngine({ onLost: 'revive', onStep: losing(3), onOpen })
  const running = engine.generate([[1, 2, 3]], long).all()
  await expect(running).rejects.toBeInstanceOf(DeviceLost)
  const { message, cause } = await engine.lost
  expect(message).toBe('The GPU device was lost (test). The engine could not be revived: the file has changed')
  const [loss, reason] = (cause as AggregateError).errors
  expect([loss, reason].map(error => error.constructor)).toEqual([DeviceLost, DownloadFailed])
  expect(() => engine.generate([[1]])).toThrow(message)
})
