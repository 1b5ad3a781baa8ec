import { afterEach, expect, test, vi } from 'vitest'
import { inlinePacker, openPacker } from '../../src/packing/open-packer'

afterEach(() => vi.unstubAllGlobals())

test.each([
  ['another origin', () => new DOMException('no', 'SecurityError')],
  ['trusted types', () => new TypeError('This document requires a TrustedScriptURL.')],
])('where a policy forbids workers (%s) this thread packs', async (_, error) => {
  let numTried = 0
  const Forbidden = class {
    constructor() {
      numTried++
      throw error()
    }
  }
  vi.stubGlobal('Worker', Forbidden)
  expect(await openPacker()).toEqual({ packer: inlinePacker, reason: expect.stringContaining(error().message) })
  // once: each try is a violation that the page's owner is told of
  expect(numTried).toBe(1)
})

/** A worker that does this when it is listened to. */
function fakeWorker(start: (worker: Worker) => void): { readonly worker: Worker; readonly terminate: () => void } {
  const terminate = vi.fn()
  const worker = { terminate, onmessage: null, onerror: null } as unknown as Worker
  queueMicrotask(() => start(worker))
  return { worker, terminate }
}

test('a worker whose file does not load is put down, and the reason said', async () => {
  const { worker, terminate } = fakeWorker(worker =>
    worker.onerror?.(new Event('error', { cancelable: true }) as ErrorEvent),
  )
  const reason = 'the worker does not start, its file does not load'
  expect(await openPacker({ worker: () => worker })).toEqual({ packer: inlinePacker, reason })
  expect(terminate).toHaveBeenCalledOnce()
})

test('a worker that is not ours, and never says that it is ready, does not hold up the load for ever', async () => {
  vi.useFakeTimers()
  const { worker, terminate } = fakeWorker(worker => worker.onmessage?.(new MessageEvent('message', { data: 'hello' })))
  const opened = openPacker({ worker: () => worker })
  await vi.advanceTimersByTimeAsync(60_000)
  vi.useRealTimers()
  expect(await opened).toEqual({ packer: inlinePacker, reason: expect.stringContaining('not answered within 10 s') })
  expect(terminate).toHaveBeenCalledOnce()
})

test('where a page enforces Trusted Types, workers start by one policy of ours, at the URL that was given', async () => {
  const createPolicy = vi.fn((_, { createScriptURL }) => ({
    createScriptURL: (url: string) => ({ trusted: createScriptURL(url) }),
  }))
  const urls: unknown[] = []
  const Strict = class {
    onmessage: ((event: object) => void) | undefined
    terminate = () => undefined
    constructor(url: string) {
      urls.push(url)
      setTimeout(() => this.onmessage?.({ data: 'ready' }))
    }
  }
  vi.stubGlobal('trustedTypes', { createPolicy })
  vi.stubGlobal('Worker', Strict)
  vi.stubGlobal('navigator', { hardwareConcurrency: 8 })
  const { packer, reason } = await openPacker({ workerUrl: '/assets/packing.js' })
  packer.close()
  expect(reason).toBeUndefined()
  expect(urls).toEqual(Array(4).fill({ trusted: '/assets/packing.js' }))
  expect(createPolicy).toHaveBeenCalledOnce()
  expect(createPolicy.mock.calls[0][0]).toBe('coppice')
})

test('who wants no worker gets none, and is told so', async () => {
  const Unwanted = vi.fn()
  vi.stubGlobal('Worker', Unwanted)
  expect(await openPacker({ worker: false })).toMatchObject({ reason: 'as the option `packing.worker` says' })
  expect(Unwanted).not.toHaveBeenCalled()
})
