import { afterEach, expect, test, vi } from 'vitest'
import { Deferred } from '../../src/core/deferred'
import { DeviceLost, Disposed, DownloadFailed, InvalidRequest, WorkerFailed } from '../../src/core/errors'
import type { EngineProgress } from '../../src/engine/options'
import type { Engine } from '../../src/index'
import type { Opening } from '../../src/worker/protocol'
import { SharedEngines } from '../../src/worker/shared-engines'
import { pick } from '../support/for-each-seed'
import { random } from '../support/random'
import { sharedHost } from './open-shared'

const long = { maxTokens: 100, ignoreEos: true }
const short = { maxTokens: 2, ignoreEos: true }

afterEach(() => {
  vi.unstubAllGlobals()
  vi.useRealTimers()
})

/** Engines that are nothing but known: `open` stands for loading, and may resolve with a promise in an array, of the loss. */
function openings(open: (hooks: Opening['options']) => Promise<unknown> = async () => undefined) {
  const opened: Opening['options'][] = []
  const disposed: unknown[] = []
  const engines = new SharedEngines(async (_, options = {}) => {
    opened.push(options)
    const [lost] = ((await open(options)) as Promise<unknown>[] | undefined) ?? [new Promise(() => undefined)]
    const engine = { lost, dispose: () => disposed.push(engine) }
    return engine as unknown as Engine
  })
  return { engines, opened, disposed }
}

test('a second tab has the engine of the first: nothing more is on the GPU', async () => {
  const { tab, alive, made } = sharedHost()
  const first = await tab({}, {})
  const [{ tokenIds }] = await first.engine.generate([[1, 2, 3]], short).all()
  const before = { ...alive }
  expect(before.devices).toBe(1)
  const second = await tab()
  // what the first tab's prompt left in the cache serves the second's
  const [again] = await second.engine.generate([[1, 2, 3]], short).all()
  expect(again).toMatchObject({ tokenIds, usage: { cachedTokens: 2 } })
  expect(alive).toEqual(before)
  expect(made).toHaveLength(1)
  expect(second.engine.decisions).toEqual(first.engine.decisions)
})

test('each finish of calls is its own: a tab that disposes or closes ends its calls and no others', async () => {
  const { tab, made } = sharedHost()
  const [disposing, closing, staying] = [await tab(), await tab(), await tab()]
  const stays = staying.engine.generate([[1]], long)
  const ends = disposing.engine.generate([[2]], long)
  const closes = closing.engine.generate([[3]], long)
  await Promise.all([stays.plan, ends.plan, closes.plan])
  const ended = ends.all()
  disposing.engine.dispose()
  closing.port.close()
  await expect(ended).rejects.toBeInstanceOf(Disposed)
  await vi.waitFor(async () => expect(await made[0].stats()).toMatchObject({ running: 1 }))
  expect((await stays.all())[0].tokenIds).toHaveLength(100)
  expect(await made[0].stats()).toMatchObject({ running: 0, waiting: 0, usedBlocks: 0 })
})

test('where ports do not tell of a closed tab, the lock that it held does', async () => {
  const held = new Map<string, Deferred<void>>()
  // a lock is free when whoever holds it lets go, or is gone
  const request = async (name: string, ...[first, second]: unknown[]) => {
    await held.get(name)?.promise
    if (second) return (second as () => unknown)()
    held.set(name, new Deferred())
    return (first as () => unknown)()
  }
  vi.stubGlobal('navigator', { locks: { request } })
  const { tab, made } = sharedHost()
  const staying = await tab()
  const locks = new Set(held.keys())
  const closed = await tab()
  const running = closed.engine.generate([[1]], long)
  await running.plan
  for (const [name, { resolve }] of held) if (!locks.has(name)) resolve()
  await vi.waitFor(async () => expect(await made[0].stats()).toMatchObject({ running: 0, usedBlocks: 0 }))
  expect((await staying.engine.generate([[1]], short).all())[0].finishReason).toBe('length')
})

test('the last one out ends the engine after a while, within which it is taken as it is', async () => {
  const { engines, opened, disposed } = openings()
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  const first = await engines.open('org/name', { graceMs: 1000 })
  expect(await engines.open('org/name', { graceMs: 1000 })).toBe(first)
  engines.release(first)
  vi.advanceTimersByTime(5000)
  engines.release(first)
  vi.advanceTimersByTime(999)
  expect(await engines.open('org/name', { graceMs: 2000 })).toBe(first)
  vi.advanceTimersByTime(5000)
  engines.release(first)
  vi.advanceTimersByTime(1999)
  expect([opened.length, disposed]).toEqual([1, []])
  vi.advanceTimersByTime(1)
  await Promise.resolve()
  expect(disposed).toEqual([first])
  expect(await engines.open('org/name')).not.toBe(first)
  expect(opened).toHaveLength(2)
})

test('what an engine had on the GPU is freed with it', async () => {
  const { tab, alive } = sharedHost()
  const tabs = [await tab({ graceMs: 0 }), await tab({ graceMs: 0 })]
  expect(alive.buffers).toBeGreaterThan(0)
  tabs[0].engine.dispose()
  tabs[1].port.close()
  await vi.waitFor(() => expect(alive).toEqual({ buffers: 0, devices: 0 }))
})

const folder = (id: string) => {
  const isSameEntry = async (other: object) => Reflect.get(other, 'id') === id
  return { id, isSameEntry } as unknown as FileSystemDirectoryHandle
}
const file = (name: string, text: string, lastModified = 1) => new File([text], name, { lastModified })

test.each<[string, boolean, ...(readonly [Opening['location'], Opening['options']?])[]]>([
  ['nothing more is said', true, ['org/name'], ['org/name']],
  ['defaults are written out', true, ['org/name'], ['org/name', { weights: 'auto', tokenBudget: 512 }]],
  ['fields stand otherwise', true, ['a', { blocks: 4, kv: 'f16' }], ['a', { kv: 'f16', blocks: 4 }]],
  [
    'a token or a place of workers differs',
    true,
    ['a', { hub: { token: '1' } }],
    ['a', { packing: { worker: false } }],
  ],
  ['the model differs', false, ['org/name'], ['org/other']],
  ['an option differs', false, ['a', { kv: 'f16' }], ['a', { kv: 'f32' }]],
  ['the hub differs', false, ['a', { hub: { host: 'https://a' } }], ['a', { hub: { host: 'https://b' } }]],
  ['an option for study differs', false, ['a', { study: { sharing: 'off' } }], ['a']],
  ['files are alike', true, [[file('a', '1'), file('b', '')]], [[file('b', ''), file('a', '2')]]],
  ['files are of another size', false, [[file('a', '1')]], [[file('a', '12')]]],
  ['files are of another time', false, [[file('a', '1', 1)]], [[file('a', '1', 2)]]],
  ['folders are one', true, [folder('1')], [folder('1')]],
  ['folders are two', false, [folder('1')], [folder('2')]],
  ['one is a folder', false, [folder('1')], ['org/name']],
])('where %s, the engine is the same: %s', async (_, isSame, [locationA, a], [locationB, b]) => {
  const { engines, opened } = openings()
  const [first, second] = await Promise.all([engines.open(locationA, a), engines.open(locationB, b)])
  expect(first === second).toBe(isSame)
  expect(opened).toHaveLength(isSame ? 1 : 2)
})

test('an option that nobody knows is refused by name, and opens nothing', async () => {
  const { engines, opened } = openings()
  await expect(engines.open('a', { blokcs: 3 } as never)).rejects.toThrow(InvalidRequest)
  await expect(engines.open('a', { graceMs: -1 })).rejects.toThrow('graceMs is -1, but must be milliseconds, 0 or more')
  await expect(engines.open('a', { blokcs: 3 } as never)).rejects.toThrow('Unknown engine option blokcs')
  expect(opened).toHaveLength(0)
})

test('every tab that waits hears how far the one load is, and one that comes late what was last', async () => {
  const [begun, loaded] = [new Deferred<Opening['options']>(), new Deferred<void>()]
  const { engines } = openings(hooks => {
    begun.resolve(hooks)
    return loaded.promise
  })
  const seen: string[] = []
  const listen = (who: string) => (progress: EngineProgress) => seen.push(`${who} ${progress.text}`)
  const first = engines.open('a', { onProgress: listen('first') })
  const { onProgress } = await begun.promise
  onProgress?.({ text: '10%' } as EngineProgress)
  const second = engines.open('a', { onProgress: listen('second') })
  await vi.waitFor(() => expect(seen).toEqual(['first 10%', 'second 10%']))
  onProgress?.({ text: '20%' } as EngineProgress)
  expect(seen.slice(2)).toEqual(['first 20%', 'second 20%'])
  loaded.resolve()
  expect(await first).toBe(await second)
})

test('who stops waiting stops nobody else; when nobody waits any more, loading stops', async () => {
  const begun = new Deferred<Opening['options']>()
  const { engines, opened } = openings(hooks => {
    begun.resolve(hooks)
    return new Promise(() => undefined)
  })
  const aborts = [new AbortController(), new AbortController()]
  const [first, second] = aborts.map(({ signal }) => engines.open('a', { signal }))
  const { signal } = await begun.promise
  aborts[0].abort(new Error('mine'))
  await expect(first).rejects.toThrow('mine')
  expect(signal?.aborted).toBe(false)
  aborts[1].abort(new Error('mine too'))
  await expect(second).rejects.toThrow('mine too')
  expect(signal?.aborted).toBe(true)
  void engines.open('a')
  await vi.waitFor(() => expect(opened).toHaveLength(2))
})

test('why a load failed is told to all who wait, and the next one tries again', async () => {
  let numLoads = 0
  const { engines, opened } = openings(async () => {
    if (numLoads++ === 0) throw new DownloadFailed('gone', { status: 404 })
  })
  const both = await Promise.allSettled([engines.open('a'), engines.open('a')])
  for (const each of both) expect(each).toMatchObject({ reason: { name: 'DownloadFailed', status: 404 } })
  await engines.open('a')
  expect(opened).toHaveLength(2)
})

test('a lost device is lost to every tab, and the next one that opens has another', async () => {
  const gone = new Deferred<object>()
  const { tab } = sharedHost({ lost: gone.promise })
  const tabs = [await tab(), await tab()]
  gone.resolve({ reason: 'unknown', message: 'driver reset' })
  for (const { engine } of tabs) expect(await engine.lost).toBeInstanceOf(DeviceLost)

  const losts = [new Deferred<void>(), new Deferred<void>()]
  const [lost] = losts
  const { engines, disposed } = openings(async () => [(losts.shift() as Deferred<void>).promise])
  const first = await engines.open('a', { graceMs: 0 })
  lost.resolve()
  await lost.promise
  const second = await engines.open('a')
  expect(second).not.toBe(first)
  engines.release(first)
  await vi.waitFor(() => expect(disposed).toEqual([first]))
})

test('an error that escapes in the worker is told to every tab at once', async () => {
  const { tab, fail } = sharedHost()
  const tabs = [await tab(), await tab()]
  const running = tabs.map(({ engine }) => engine.generate([[1]], long).all())
  const all = Promise.allSettled(running)
  fail(new WorkerFailed('stumbled'))
  for (const each of await all) {
    expect(each).toMatchObject({ reason: expect.objectContaining({ name: 'WorkerFailed', message: 'stumbled' }) })
  }
  for (const { engine } of tabs) expect(await engine.lost).toBeInstanceOf(WorkerFailed)
})

test('whatever tabs do, a model is loaded at most once at a time, and lives as long as somebody uses it', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  const settle = async () => {
    for (let turn = 0; turn < 20; turn++) await Promise.resolve()
  }
  for (let seed = 1; seed <= 100; seed++) {
    const draw = random(seed)
    /** Engines of each model that load or live. */
    const alive = new Map<unknown, Set<unknown>>()
    const loading: (() => void)[] = []
    const engines = new SharedEngines(async (location, { signal } = {}) => {
      const own = alive.get(location) ?? new Set()
      alive.set(location, own)
      const engine = { lost: new Promise(() => undefined), location, dispose: () => own.delete(engine) }
      own.add(engine)
      await new Promise<void>((resolve, reject) => {
        loading.push(resolve)
        signal?.addEventListener('abort', () => reject(signal.reason))
      }).catch(error => {
        own.delete(engine)
        throw error
      })
      return engine as unknown as Engine
    })
    const using: Engine[] = []
    const waiting: AbortController[] = []
    for (let turn = 0; turn < 60; turn++) {
      const choice = draw.int(0, 6)
      if (choice < 2) {
        const abort = new AbortController()
        waiting.push(abort)
        engines.open(pick(draw, ['a', 'b']), { graceMs: 100, signal: abort.signal }).then(
          engine => using.push(engine),
          () => undefined,
        )
      } else if (choice === 2 && waiting.length > 0) pick(draw, waiting).abort()
      else if (choice === 3) loading.shift()?.()
      else if (choice === 4 && using.length > 0) engines.release(using.splice(draw.int(0, using.length), 1)[0])
      else vi.advanceTimersByTime(draw.int(0, 150))
      await settle()
      for (const own of alive.values()) expect(own.size, `seed ${seed}`).toBeLessThanOrEqual(1)
      for (const engine of using) {
        expect(alive.get(Reflect.get(engine, 'location'))?.has(engine), `seed ${seed}`).toBe(true)
      }
    }
    for (const abort of waiting) abort.abort()
    await settle()
    for (const engine of using) engines.release(engine)
    vi.advanceTimersByTime(100)
    await settle()
    for (const own of alive.values()) expect(own.size, `seed ${seed}`).toBe(0)
  }
})
