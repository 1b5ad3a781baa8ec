import { expect, test, vi } from 'vitest'
import { Deferred } from '../../src/core/deferred'
import { DeviceLost, DownloadFailed, InvalidRequest, OutOfMemory, WorkerFailed } from '../../src/core/errors'
import { pause } from '../../src/core/pause'
import type { EngineProgress } from '../../src/engine/options'
import { connect } from '../../src/worker/create-engine'
import { serve } from '../../src/worker/host'
import { MAX_UNREAD, type Order } from '../../src/worker/protocol'
import { openEngine, tinyModel } from '../null-gpu/open'
import { type SimulatedDevice, simulatedEngine } from '../null-gpu/simulated-engine'
import { openRemote } from './open'

const long = { maxTokens: 100, ignoreEos: true }
const short = { maxTokens: 2, ignoreEos: true }

test('an engine whose worker ends fails every call under way and every later one, at once', async () => {
  const { engine, kill } = await openRemote()
  const running = engine.generate([[1], [2]], long)
  await running.plan
  const all = running.all()
  const stream = engine.stream([3], long).next()
  const asked = engine.stats()
  kill()
  const outcomes = await Promise.allSettled([all, stream, asked, engine.tokenize('a'), engine.plan([[1]])])
  for (const outcome of outcomes) expect(outcome).toMatchObject({ reason: expect.any(WorkerFailed) })
  expect(() => engine.generate([[1]])).toThrow(WorkerFailed)
  expect(await engine.lost).toBeInstanceOf(WorkerFailed)
  engine.dispose()
})

test('where ports do not tell, a lock that is free says that the worker has ended', async () => {
  const held = new Map<string, () => void>()
  const request = async (name: string, ...[first, second]: unknown[]) => {
    const previous = held.has(name) ? new Promise<void>(resolve => held.set(name, resolve)) : undefined
    held.set(name, held.get(name) ?? (() => undefined))
    await previous
    return ((second ?? first) as () => unknown)()
  }
  vi.stubGlobal('navigator', { locks: { request } })
  const { engine } = await openRemote()
  const running = engine.generate([[1]], long).all()
  await vi.waitFor(() => expect(held.size).toBe(1))
  for (const free of held.values()) free()
  await expect(running).rejects.toBeInstanceOf(WorkerFailed)
  vi.unstubAllGlobals()
})

test('how far prompts are read crosses only for those who ask', async () => {
  const { engine, received } = await openRemote()
  const numRead = () => received.filter(({ type }) => type === 'reading').length
  await engine.generate([[1]], short).all()
  await engine.plan([[1]])
  expect(numRead()).toBe(0)
  const onProgress = () => undefined
  await engine.generate([[1]], short, { onProgress }).all()
  await engine.plan([[1]], {}, { onProgress })
  expect(numRead()).toBe(2)
  engine.dispose()
})

test('results that arrived before the worker ended are still handed out', async () => {
  // the GPU stops when the short one is done, however late this test sees that
  let numSteps = 0
  const mapAsync = () => (numSteps++ < 10 ? pause() : new Promise<void>(() => undefined))
  const { engine, received, kill } = await openRemote({}, { mapAsync })
  const running = engine.generate([[1], [2]], [short, long])
  await vi.waitFor(() => expect(received.some(({ type }) => type === 'result')).toBe(true))
  kill()
  const seen: number[] = []
  const reading = (async () => {
    for await (const { index } of running) seen.push(index)
  })()
  await expect(reading).rejects.toBeInstanceOf(WorkerFailed)
  expect(seen).toEqual([0])
})

test('a worker that is known to have failed ends the loading too, and is closed', async () => {
  const { port1, port2 } = new MessageChannel()
  serve(port2, () => new Promise(() => undefined))
  const died = new Deferred<WorkerFailed>()
  const close = vi.fn()
  const opening = connect(port1, { location: 'tiny', options: {} }, { died: died.promise, close })
  died.resolve(new WorkerFailed('no such file'))
  await expect(opening).rejects.toThrow(new WorkerFailed('no such file'))
  expect(close).toHaveBeenCalled()
})

test('a lost device is lost on this side too, with its class', async () => {
  const gone = new Deferred<object>()
  const { engine } = await openRemote({}, { lost: gone.promise })
  const running = engine.generate([[1]], long).all()
  gone.resolve({ reason: 'unknown', message: 'driver reset' })
  expect(await engine.lost).toBeInstanceOf(DeviceLost)
  await expect(running).rejects.toBeInstanceOf(DeviceLost)
  expect(() => engine.generate([[1]])).toThrow(/driver reset/)
  engine.dispose()
})

test('results that nobody reads wait at the other end, and come as they are read', async () => {
  const { engine, local, received } = await openRemote()
  const numResults = () => received.filter(({ type }) => type === 'result').length
  const count = 3 * MAX_UNREAD
  const generation = engine.generate(
    Array.from({ length: count }, (_, index) => [index + 1]),
    short,
  )
  await generation.plan
  await vi.waitFor(async () => expect(await local.stats()).toMatchObject({ running: 0, waiting: 0 }))
  await vi.waitFor(() => expect(numResults()).toBe(MAX_UNREAD))
  const reader = generation[Symbol.asyncIterator]()
  for (let index = 0; index < MAX_UNREAD / 2 - 1; index++) await reader.next()
  await engine.stats()
  expect(numResults()).toBe(MAX_UNREAD)
  await reader.next()
  await vi.waitFor(() => expect(numResults()).toBe(1.5 * MAX_UNREAD))
  let rest = 0
  for await (const _ of reader) rest += 1
  expect(rest).toBe(count - MAX_UNREAD / 2)
  engine.dispose()
})

test('a reader who leaves ends its call at the other end, and keeps nothing there', async () => {
  const { engine, local, received } = await openRemote()
  const prompts = Array.from({ length: 200 }, (_, index) => [index + 1])
  const params = prompts.map((_, index) => (index === 0 ? short : long))
  for await (const { finishReason } of engine.generate(prompts, params)) {
    expect(finishReason).toBe('length')
    break
  }
  await vi.waitFor(async () => {
    expect(await local.stats()).toMatchObject({ running: 0, waiting: 0, usedBlocks: 0 })
  })
  await vi.waitFor(() => expect(received.at(-1)).toMatchObject({ type: 'end' }))
  expect(received.filter(({ type }) => type === 'result').length).toBeLessThanOrEqual(MAX_UNREAD)
  engine.dispose()
})

test('a call of many prompts can be stopped while they are on their way', async () => {
  const { engine, local } = await openRemote()
  const abort = new AbortController()
  const prompts = Array.from({ length: 20_000 }, (_, index) => `row ${index}`)
  const generation = engine.generate(prompts, short, { signal: abort.signal })
  const planning = expect(engine.plan(prompts, short, { signal: abort.signal })).rejects.toThrow('enough')
  abort.abort(new Error('enough'))
  const reasons = new Set<string>()
  let count = 0
  const reading = (async () => {
    for await (const { finishReason } of generation) {
      reasons.add(finishReason)
      count += 1
    }
  })()
  await expect(reading).rejects.toThrow('enough')
  expect([[...reasons], count]).toEqual([['abort'], 20_000])
  await expect(generation.plan).rejects.toThrow('enough')
  await planning
  expect((await local.stats()).steps).toBe(0)
  engine.dispose()
})

test('a prompt that cannot cross fails alone; as a whole request it is refused', async () => {
  const { engine } = await openRemote()
  const odd = [{ role: 'user', content: 'a', call: () => 1 }]
  const results = await engine.generate([[1], odd, [2]], short).all()
  expect(results.map(({ finishReason }) => finishReason)).toEqual(['length', 'error', 'length'])
  expect(results[1].error).toBeInstanceOf(InvalidRequest)
  expect(results[1].error?.message).toMatch(/^A worker cannot be sent this/)
  expect(await engine.plan([[1], odd, [2]], short)).toMatchObject({ promptTokens: 2 })
  await expect(engine.tokenize(odd)).rejects.toBeInstanceOf(InvalidRequest)
  engine.dispose()
})

test('why an engine does not open crosses whole: class, message, numbers and cause', async () => {
  const { port1, port2 } = new MessageChannel()
  const cause = new TypeError('network', { cause: new DOMException('full', 'QuotaExceededError') })
  serve(port2, async () => {
    throw new DownloadFailed('no such model', { status: 404, cause })
  })
  const close = vi.fn()
  const error = await connect(port1, { location: 'org/none', options: {} }, { close }).catch((error: unknown) => error)
  expect(error).toBeInstanceOf(DownloadFailed)
  expect(error).toMatchObject({ message: 'no such model', status: 404, cause: { message: 'network' } })
  const inner = ((error as Error).cause as Error).cause
  expect(inner).toBeInstanceOf(DOMException)
  expect(inner).toMatchObject({ name: 'QuotaExceededError', message: 'full' })
  expect(close).toHaveBeenCalledOnce()
})

test('loading tells its progress and can be stopped, with the signal’s reason', async () => {
  const seen: EngineProgress[] = []
  const { engine } = await openRemote({}, {}, { onProgress: progress => seen.push(progress) })
  expect(seen.at(-1)).toMatchObject({ file: 'model.safetensors', text: expect.stringContaining('MiB') })
  engine.dispose()

  const { port1, port2 } = new MessageChannel()
  const told = new Deferred<AbortSignal | undefined>()
  serve(port2, (_, { signal } = {}) => {
    told.resolve(signal)
    return new Promise(() => undefined)
  })
  const abort = new AbortController()
  const opening = connect(port1, { location: 'tiny', options: {} }, { signal: abort.signal, close: () => undefined })
  const signal = await told.promise
  abort.abort(new Error('enough'))
  await expect(opening).rejects.toThrow('enough')
  await vi.waitFor(() => expect(signal?.aborted).toBe(true))
})

test('a port that closes frees the engine at its other end', async () => {
  const { engine, local } = await openRemote()
  engine.dispose()
  await vi.waitFor(() => expect(() => local.generate([[1]])).toThrow('The engine was disposed.'))
})

test('an order that the host cannot read ends its call with a typed error, and no other', async () => {
  const { port1, port2 } = new MessageChannel()
  port2.addEventListener('message', event => {
    const { data } = event as MessageEvent
    if (data !== 'unreadable') return
    event.stopImmediatePropagation()
    port2.dispatchEvent(new Event('messageerror'))
  })
  const post = port1.postMessage.bind(port1)
  // what crosses in one direction and cannot be read at its end
  port1.postMessage = (order: Order) => post(JSON.stringify(order).includes('shared memory') ? 'unreadable' : order)
  serve(port2, (_, options) => openEngine(tinyModel(), options))
  const engine = await connect(port1, { location: 'tiny', options: {} }, { close: () => undefined })
  const others = engine.generate([[1], [2]], { maxTokens: 20, ignoreEos: true }).all()
  const prompts = Array.from({ length: 200 }, (_, index) => `row ${index}`)
  prompts[100] = 'shared memory'
  const unreadable = engine.generate(prompts, short)
  const failures = [unreadable.all(), unreadable.plan, engine.tokenize('shared memory')]
  for (const each of await Promise.allSettled(failures)) {
    expect(each).toMatchObject({
      reason: { name: 'InvalidRequest', message: expect.stringMatching(/^The worker cannot read this/) },
    })
  }
  expect((await others).map(({ tokenIds }) => tokenIds.length)).toEqual([20, 20])
  expect(await engine.stats()).toMatchObject({ running: 0, waiting: 0, usedBlocks: 0 })
  engine.dispose()
})

test('a message that the page cannot read fails the engine, since nobody knows whose it was', async () => {
  const { engine, port } = await openRemote()
  const running = engine.generate([[1]], long).all()
  port.dispatchEvent(new Event('messageerror'))
  await expect(running).rejects.toThrow(/^A message of the engine's worker cannot be read/)
  expect(await engine.lost).toBeInstanceOf(WorkerFailed)
})

test('a device that takes the place of a lost one is on both sides: what the page knows of the engine is the new one’s', async () => {
  const { port1, port2 } = new MessageChannel()
  const onStep = (device: SimulatedDevice) => {
    if (device.numBlocks === 64 && device.numSteps === 5) device.fail(new OutOfMemory('no room'))
  }
  serve(port2, async () => (await simulatedEngine({ numBlocks: 64, onLost: 'revive', onStep })).engine)
  const engine = await connect(port1, { location: 'simulated', options: {} }, { close: () => undefined })
  expect(engine.memory.numBlocks).toBe(64)
  const seen: number[] = []
  const onText = () => {
    seen.push(engine.memory.numBlocks)
  }
  const [{ tokenIds }] = await engine.generate([[1, 2, 3]], long, { onText }).all()
  expect(tokenIds).toHaveLength(100)
  expect(new Set(seen)).toEqual(new Set([64, 32]))
  expect(engine.decisions).toEqual(['fewer than before, since the GPU had no room: no room'])
  expect((await engine.stats()).revivals).toBe(1)
  engine.dispose()
})
