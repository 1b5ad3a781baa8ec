import { afterEach, expect, test, vi } from 'vitest'
import { createEngine, DownloadFailed, InvalidRequest, UnsupportedDevice, WorkerFailed } from '../../src/client'
import type { createEngine as createEngineHere, EngineOptions } from '../../src/index'
import { serve } from '../../src/worker/host'
import { CONNECT, KEEP_ALIVE, type SharingOptions } from '../../src/worker/protocol'
import { openEngine, tinyModel } from '../null-gpu/open'

afterEach(() => {
  vi.unstubAllGlobals()
  vi.useRealTimers()
})

/** A worker that does nothing, and notes what is done with it. */
function idleWorker() {
  const worker = Object.assign(new EventTarget(), { postMessage: vi.fn(), terminate: vi.fn() })
  return worker as typeof worker & Worker
}

test('where there are no workers it is said what to use instead', async () => {
  const opening = createEngine('org/name')
  await expect(opening).rejects.toBeInstanceOf(WorkerFailed)
  await expect(opening).rejects.toThrow('Use `createEngine` of coppice')
})

test('a worker that is refused is no engine, and the reason is kept', async () => {
  const cause = new DOMException('no', 'SecurityError')
  const Forbidden = class {
    constructor() {
      throw cause
    }
  }
  vi.stubGlobal('Worker', Forbidden)
  const error = await createEngine('org/name').catch((error: unknown) => error)
  expect(error).toBeInstanceOf(WorkerFailed)
  expect(error).toMatchObject({ cause, message: expect.stringMatching(/is refused: .*worker-src/) })
})

test('a worker that has no host in it does not hold up the page for ever, and is left to its owner', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  const worker = idleWorker()
  const opening = createEngine('org/name', { worker })
  const refused = expect(opening).rejects.toThrow(/has not answered within 60 s: it must import coppice\/host/)
  expect(worker.postMessage).toHaveBeenCalledWith(CONNECT, [expect.any(MessagePort)])
  vi.advanceTimersByTime(60_000)
  await refused
  expect(worker.terminate).not.toHaveBeenCalled()
})

test('loading that is aborted ends a worker of the engine’s own at once', async () => {
  const worker = idleWorker()
  vi.stubGlobal(
    'Worker',
    class {
      constructor() {
        // biome-ignore lint/correctness/noConstructorReturn: it stands for the platform's
        return worker
      }
    },
  )
  const abort = new AbortController()
  const opening = createEngine('org/name', { signal: abort.signal })
  abort.abort(new Error('enough'))
  await expect(opening).rejects.toThrow('enough')
  expect(worker.terminate).toHaveBeenCalledOnce()
  await expect(createEngine('org/name', { signal: abort.signal })).rejects.toThrow('enough')
})

/** Stands for the platform's class of workers: each has a host whose engines `open` makes. */
function stubWorkers(kind: 'Worker' | 'SharedWorker', open: typeof openLocal = openLocal) {
  const started: unknown[][] = []
  class Stub extends EventTarget {
    readonly postMessage = (message: unknown, [port]: MessagePort[]) => message === CONNECT && serve(port, open)
    readonly port = { postMessage: this.postMessage, close: vi.fn() }
    readonly terminate = vi.fn()
    constructor(...args: unknown[]) {
      super()
      started.push(args)
    }
  }
  vi.stubGlobal(kind, Stub)
  return started
}

const openLocal: typeof createEngineHere = (_, options) => {
  return openEngine(tinyModel(), { ...options, packing: { worker: false } })
}

test('shared workers are one for all tabs by name, and may outlive a reload', async () => {
  const started = stubWorkers(
    'SharedWorker',
    (location, { graceMs, ...options }: EngineOptions & SharingOptions = {}) => {
      expect(graceMs).toBe(5)
      return openLocal(location, options)
    },
  )
  const engine = await createEngine('org/name', { worker: 'shared', graceMs: 5, workerUrl: '/host.js' })
  expect(started).toEqual([['/host.js', { type: 'module', name: CONNECT, extendedLifetime: true }]])
  expect((await engine.generate([[1]], { maxTokens: 2, ignoreEos: true }).all())[0].tokenIds).toHaveLength(2)
  engine.dispose()
})

test.each<[string, (() => unknown) | undefined]>([
  ['there are no shared workers here', undefined],
  [
    'There is no WebGPU in workers that tabs share.',
    () => {
      throw new UnsupportedDevice('There is no WebGPU in workers that tabs share.')
    },
  ],
])('where tabs cannot share an engine (%s), one of its own says so', async (reason, open) => {
  if (open) stubWorkers('SharedWorker', open as never)
  const started = stubWorkers('Worker')
  const engine = await createEngine('org/name', { worker: 'shared', graceMs: 5 })
  expect(started).toHaveLength(1)
  expect(engine.decisions.at(-1)).toBe(`engine in a worker of this page alone, which tabs do not share: ${reason}`)
  engine.dispose()
})

test('a load that fails in a shared worker is not tried again in another', async () => {
  stubWorkers('SharedWorker', async () => {
    throw new DownloadFailed('gone')
  })
  const started = stubWorkers('Worker')
  await expect(createEngine('org/name', { worker: 'shared' })).rejects.toBeInstanceOf(DownloadFailed)
  expect(started).toEqual([])
})

test('a service worker is told that its page lives, until the engine is disposed', async () => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
  const postMessage = vi.fn((message: unknown, [port]: MessagePort[] = []) => {
    if (message === CONNECT) serve(port, openLocal)
  })
  const worker = Object.assign(new EventTarget(), { scriptURL: '/sw.js', postMessage }) as unknown as ServiceWorker
  const engine = await createEngine('org/name', { worker })
  const numAlive = () => postMessage.mock.calls.filter(([message]) => message === KEEP_ALIVE).length
  vi.advanceTimersByTime(60_000)
  expect(numAlive()).toBe(4)
  engine.dispose()
  vi.advanceTimersByTime(60_000)
  expect(numAlive()).toBe(4)
})

test('what is no worker is refused', async () => {
  const refused = (options: object) => expect(createEngine('org/name', options)).rejects
  await refused({ worker: 'yes' }).toThrow(
    "Engine option worker is yes, but must be true, 'shared', or a Worker, SharedWorker or ServiceWorker.",
  )
  await refused({ worker: false }).toBeInstanceOf(InvalidRequest)
})

test('a grace for an engine that nobody shares is refused by name', async () => {
  stubWorkers('Worker')
  await expect(createEngine('org/name', { graceMs: 5 })).rejects.toThrow('Unknown engine option graceMs')
})
