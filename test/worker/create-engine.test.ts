import { afterEach, expect, test, vi } from 'vitest'
import { createEngine, InvalidRequest, WorkerFailed } from '../../src/client'
import { CONNECT } from '../../src/worker/protocol'

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

test('what is no worker is refused', async () => {
  await expect(createEngine('org/name', { worker: 'shared' as never })).rejects.toThrow(
    'Engine option worker is shared, but must be true or a Worker.',
  )
  await expect(createEngine('org/name', { worker: false as never })).rejects.toBeInstanceOf(InvalidRequest)
})
