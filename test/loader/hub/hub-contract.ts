import { beforeEach, describe, expect, test, vi } from 'vitest'
import { CoppiceError, DownloadFailed } from '../../../src/core/errors'
import type { RetryPolicy } from '../../../src/loader/http/retry'
import type { HubOptions } from '../../../src/loader/hub/hub'
import { hubSource } from '../../../src/loader/hub/hub-source'
import type { ModelSource } from '../../../src/loader/sources/source'
import type { Store } from '../../../src/storage/store'
import { type Fault, fakeBytes, type Published, publish, type Repository } from '../../support/fake-repository'

export const RETRY: RetryPolicy = { tries: 4, delayMs: 1, maxDelayMs: 3000, stallMs: 1500 }
const PART = 2 ** 18
/** 12 parts and a bit; and text that is kept in git, without a SHA-256. */
const WEIGHTS = { bytes: 12 * PART + 777, seed: 5 }
const REPOSITORY: Repository = {
  files: {
    'config.json': '{"a":1}',
    'empty.txt': '',
    'long.txt': '木🌱x'.repeat(60_000),
    'model.safetensors': WEIGHTS,
  },
}
const BYTES = fakeBytes(WEIGHTS)
const LOCATION = { id: 'org/name', revision: undefined, file: undefined, quantization: undefined }

/** What a model from the hub does, over any store. `open` gives the same place each time, `url` the fake hub. */
export function hubContract(url: () => string, open: () => Promise<Store>): void {
  let store: Store
  let hub: Published

  beforeEach(async () => {
    store = await open()
    // what the test before was reading may still be on its way
    const clear = (path: string) => vi.waitFor(() => store.remove(path.split('/')[0]), 5000)
    for (const path of (await store.list()).keys()) await clear(path)
    hub = await publish(url(), REPOSITORY)
  })

  /** A visit: everything but the store is new. */
  async function visit({ signal, ...options }: HubOptions & { signal?: AbortSignal } = {}): Promise<ModelSource> {
    return hubSource(LOCATION, { host: hub.host, ...options }, await open(), { signal, retry: RETRY })
  }

  const servedBytes = async () => (await hub.served()).reduce((sum, { bytes }) => sum + bytes, 0)
  const filesServed = async () => (await hub.served()).filter(({ path }) => path !== 'api').length
  const withFaults = (path: string, ...faults: Fault[]) => hub.change({ ...REPOSITORY, faults: { [path]: faults } })

  test('gives what the hub has, whole or from an offset', async () => {
    const source = await visit()
    expect(source.name).toBe('org/name@0123456')
    expect(source.gguf).toBeUndefined()
    expect(await readAll(source, 'config.json')).toEqual(fakeBytes('{"a":1}'))
    expect(await readAll(source, 'empty.txt')).toEqual(new Uint8Array(0))
    expect(isEqual(await readAll(source, 'model.safetensors'), BYTES)).toBe(true)
    for (const begin of [1, PART - 1, PART, 5 * PART + 3, BYTES.length - 1, BYTES.length, BYTES.length + 9]) {
      expect(isEqual(await readAll(source, 'model.safetensors', begin), BYTES.subarray(begin)), `${begin}`).toBe(true)
    }
  })

  test('a first read may begin anywhere: nothing of the file is missing at its end', async () => {
    expect(isEqual(await readAll(await visit(), 'model.safetensors', 7 * PART + 5), BYTES.subarray(7 * PART + 5))).toBe(
      true,
    )
    await hub.change(REPOSITORY)
    expect(isEqual(await readAll(await visit(), 'model.safetensors'), BYTES)).toBe(true)
    expect(await filesServed()).toBe(0)
  })

  test('what the list does not have is not asked for', async () => {
    expect(await (await visit()).open('tokenizer.json')).toBeUndefined()
    expect(await filesServed()).toBe(0)
  })

  test('a second visit fetches the list only', async () => {
    await readAll(await visit(), 'model.safetensors')
    await readAll(await visit(), 'long.txt')
    await hub.change(REPOSITORY)
    const source = await visit()
    expect(isEqual(await readAll(source, 'model.safetensors'), BYTES)).toBe(true)
    expect(isEqual(await readAll(source, 'long.txt'), fakeBytes(REPOSITORY.files['long.txt']))).toBe(true)
    expect((await hub.served()).map(({ path }) => path)).toEqual(['api'])
  })

  test('a first read of the whole fetches no byte twice', async () => {
    await readAll(await visit(), 'model.safetensors')
    expect(await servedBytes()).toBe(BYTES.length)
  })

  test('who reads the beginning only does not fetch the rest', async () => {
    const reader = (await (await visit()).open('model.safetensors'))?.getReader()
    expect((await reader?.read())?.value?.length).toBe(PART)
    await reader?.cancel()
    expect(await servedBytes()).toBeLessThan(7 * PART)
  })

  test('who reads the header and comes back for the rest fetches no byte twice', async () => {
    const source = await visit()
    const reader = (await source.open('model.safetensors'))?.getReader()
    await reader?.read()
    await reader?.cancel()
    expect(isEqual(await readAll(source, 'model.safetensors', 1000), BYTES.subarray(1000))).toBe(true)
    expect(await servedBytes()).toBe(BYTES.length)
  })

  describe('offline', () => {
    const goOffline = () => hub.change({ ...REPOSITORY, faults: { api: Array(9).fill({ status: 503 }) } })

    test('a model that was read is read again', async () => {
      await readAll(await visit(), 'model.safetensors')
      await goOffline()
      expect(isEqual(await readAll(await visit(), 'model.safetensors'), BYTES)).toBe(true)
    })

    test.each([429, 500])('a hub that answers %d is no hindrance to a model that was read', async status => {
      await readAll(await visit(), 'config.json')
      await withFaults('api', { status })
      expect(await readAll(await visit(), 'config.json')).toEqual(fakeBytes('{"a":1}'))
      expect(await filesServed()).toBe(0)
    })

    test('a revision that was never asked for cannot be read', async () => {
      await readAll(await visit(), 'model.safetensors')
      await goOffline()
      await expect(visit({ revision: 'v2' })).rejects.toThrow('answered HTTP 503 (tried 4 times).')
    })

    test('a commit is not asked for twice', async () => {
      const commit = '0123456789abcdef0123456789abcdef01234567'
      await readAll(await visit({ revision: commit }), 'config.json')
      await hub.change(REPOSITORY)
      await readAll(await visit({ revision: commit }), 'config.json')
      expect(await hub.served()).toEqual([])
    })
  })

  describe('what passes is repeated, and goes on where it broke off:', () => {
    test.each<[string, Fault[]]>([
      ['HTTP 429', [{ status: 429 }, { status: 429 }]],
      ['HTTP 500, 502, 503', [{ status: 500 }, { status: 502 }, { status: 503 }]],
      ['dropped connections', [{ dropAfter: 0 }, { dropAfter: 1000 }, { dropAfter: PART + 1 }]],
      ['bodies that are too short', [{ endAfter: 0 }, { endAfter: 1000 }, { endAfter: PART + 1 }]],
      ['bodies that are too long', [{ surplus: 1 }, { surplus: PART }]],
      ['a connection that falls silent', [{ stall: true, endAfter: 1000 }]],
    ])('%s', async (_, faults) => {
      await withFaults('model.safetensors', ...faults)
      expect(isEqual(await readAll(await visit(), 'model.safetensors'), BYTES)).toBe(true)
      expect((await hub.served()).length).toBeGreaterThan(faults.length)
    })

    test('a server that says when to come again is obeyed', async () => {
      await withFaults('config.json', { status: 429, retryAfter: 1 })
      const begin = performance.now()
      await readAll(await visit(), 'config.json')
      expect(performance.now() - begin).toBeGreaterThan(990)
    })

    test('a slow drip is no failure', async () => {
      await hub.change({ ...REPOSITORY, bytesPerSecond: 1e6 })
      expect(isEqual(await readAll(await visit(), 'long.txt'), fakeBytes(REPOSITORY.files['long.txt']))).toBe(true)
      expect(await servedBytes()).toBe(fakeBytes(REPOSITORY.files['long.txt']).length)
    })

    test('what never passes is a failed download with the status', async () => {
      await withFaults('config.json', ...Array(9).fill({ status: 500 }))
      const failure = await failureOf(async () => readAll(await visit(), 'config.json'))
      expect(failure).toBeInstanceOf(DownloadFailed)
      expect(failure).toMatchObject({ status: 500 })
      expect(String(failure)).toContain('/config.json answered HTTP 500 (tried 4 times).')
      expect(await filesServed()).toBe(4)
    })
  })

  describe('refusals say what to do:', () => {
    test('a token is missing, wrong, or right', async () => {
      await hub.change({ ...REPOSITORY, token: 'hf_x' })
      await expect(visit()).rejects.toThrow('org/name does not exist, or is private or gated. Check its name, and give')
      await expect(visit({ token: 'hf_y' })).rejects.toThrow('the access token given is not accepted')
      expect(await failureOf(() => visit())).toMatchObject({ name: 'DownloadFailed', status: 401 })
      expect(isEqual(await readAll(await visit({ token: 'hf_x' }), 'model.safetensors'), BYTES)).toBe(true)
    })

    test('a gated model', async () => {
      await withFaults('model.safetensors', { status: 403 })
      const failure = await failureOf(async () => readAll(await visit(), 'model.safetensors'))
      expect(failure).toMatchObject({ name: 'DownloadFailed', status: 403 })
      expect(String(failure)).toContain(`org/name is gated. Accept its terms at ${hub.host}/org/name, and give`)
    })

    test('an unknown model', async () => {
      await withFaults('api', { status: 404 })
      await expect(visit()).rejects.toThrow('there is no such model, revision or file.')
      expect((await hub.served()).length).toBe(1)
    })
  })

  describe('nothing damaged is served:', () => {
    test.each([0, 5 * PART, BYTES.length - 1])('a wrong byte at %d fails the read before its end', async damage => {
      await withFaults('model.safetensors', ...Array(9).fill({ damage }))
      const source = await visit()
      let length = 0
      const failure = await failureOf(async () => {
        for await (const chunk of chunksOf(source, 'model.safetensors')) length += chunk.length
      })
      expect(length).toBeLessThan(BYTES.length)
      expect(String(failure)).toContain('has arrived damaged: its SHA-256 is')
      expect(failure).toBeInstanceOf(DownloadFailed)
      await hub.change(REPOSITORY)
      expect(isEqual(await readAll(await visit(), 'model.safetensors'), BYTES)).toBe(true)
      expect(await servedBytes()).toBe(BYTES.length)
    })

    test('stored parts that were cut are fetched again, and only those', async () => {
      await readAll(await visit(), 'model.safetensors')
      await hub.change(REPOSITORY)
      const paths = [...(await store.list()).keys()].filter(path => path.endsWith('/3') || path.endsWith('/12'))
      expect(paths.length).toBe(2)
      for (const path of paths) await store.write(path, new Uint8Array(100))
      expect(isEqual(await readAll(await visit(), 'model.safetensors'), BYTES)).toBe(true)
      expect(await servedBytes()).toBe(PART + 777)
    })

    test('a small file that was damaged in the store is fetched again, and not served', async () => {
      const text = fakeBytes(REPOSITORY.files['long.txt'])
      await readAll(await visit(), 'long.txt')
      await hub.change(REPOSITORY)
      const path = [...(await store.list()).keys()].find(each => each.endsWith('/1')) ?? ''
      const part = (await store.read(path)) ?? new Uint8Array(0)
      part[part.length >> 1] ^= 1
      await store.write(path, part)
      expect(isEqual(await readAll(await visit(), 'long.txt'), text)).toBe(true)
      expect(await servedBytes()).toBe(text.length)
      expect(isEqual(await readAll(await visit(), 'long.txt'), text)).toBe(true)
      expect(await servedBytes()).toBe(text.length)
    })

    test('a large file whose header makes no sense any more is summed, and fetched again', async () => {
      await readAll(await visit(), 'model.safetensors')
      await hub.change(REPOSITORY)
      const path = [...(await store.list()).keys()].find(each => each.endsWith('/12')) ?? ''
      await store.write(path, new Uint8Array(777))
      const source = await visit()
      expect(isEqual(await readAll(source, 'model.safetensors'), BYTES)).toBe(false)
      await source.distrust?.()
      expect(await servedBytes()).toBe(0)
      expect(isEqual(await readAll(source, 'model.safetensors'), BYTES)).toBe(true)
      expect(isEqual(await readAll(await visit(), 'model.safetensors'), BYTES)).toBe(true)
      expect(await servedBytes()).toBe(BYTES.length)
    })

    test.each([0, PART + 5])('a small file that arrives with a wrong byte at %d fails the read', async damage => {
      await withFaults('long.txt', ...Array(9).fill({ damage }))
      await expect(readAll(await visit(), 'long.txt')).rejects.toThrow(/long\.txt has arrived damaged: its SHA-1 is/)
      await hub.change(REPOSITORY)
      const text = fakeBytes(REPOSITORY.files['long.txt'])
      expect(isEqual(await readAll(await visit(), 'long.txt'), text)).toBe(true)
    })

    test('a list that was damaged in the store is asked for again', async () => {
      await readAll(await visit(), 'config.json')
      const path = [...(await store.list()).keys()].find(each => each.includes('revision-')) ?? ''
      await store.write(path, Uint8Array.of(0))
      expect(await readAll(await visit(), 'config.json')).toEqual(fakeBytes('{"a":1}'))
      expect((await store.read(path))?.length).toBeGreaterThan(1)
    })

    test('a part that changed while the rest was missing is found', async () => {
      await hub.change({ ...REPOSITORY, bytesPerSecond: 2e7 })
      await interrupt(4)
      const path = [...(await store.list()).keys()].find(each => each.endsWith('/2')) ?? ''
      const part = await store.read(path)
      part?.fill(0)
      if (part) await store.write(path, part)
      await expect(readAll(await visit(), 'model.safetensors')).rejects.toThrow('has arrived damaged')
      expect(isEqual(await readAll(await visit(), 'model.safetensors'), BYTES)).toBe(true)
    })

    test.each<[string, Fault]>([
      ['ETag', { etag: '"other"' }],
      ['length', { total: 99 }],
    ])('another %s than before discards what was there', async (_, fault) => {
      await withFaults('long.txt', { endAfter: PART + 100 }, fault)
      await expect(readAll(await visit(), 'long.txt')).rejects.toThrow(
        /long\.txt has (changed while the model was loaded: its ETag was ".+" and is "other"|99 bytes, not \d+). Load it again\./,
      )
      const left = async () => [...(await store.list()).keys()].filter(path => !path.includes('revision-'))
      await expect.poll(left).toEqual([])
      expect(isEqual(await readAll(await visit(), 'long.txt'), fakeBytes(REPOSITORY.files['long.txt']))).toBe(true)
    })

    test('files that no remembered revision has any more are removed', async () => {
      await readAll(await visit(), 'model.safetensors')
      await readAll(await visit(), 'config.json')
      const { 'model.safetensors': _, ...files } = REPOSITORY.files
      await hub.change({ commit: 'f'.repeat(40), files })
      expect(await readAll(await visit(), 'config.json')).toEqual(fakeBytes('{"a":1}'))
      expect(await filesServed()).toBe(0)
      expect((await store.list()).size).toBe(3)
    })
  })

  /** Reads `numParts` parts and goes away. */
  async function interrupt(numParts: number): Promise<void> {
    const abort = new AbortController()
    const reason = new Error('enough')
    const source = await visit({ signal: abort.signal })
    let seen = 0
    const failure = await failureOf(async () => {
      for await (const _ of chunksOf(source, 'model.safetensors', 0, abort.signal)) {
        if (++seen === numParts) abort.abort(reason)
      }
    })
    expect(failure).toBe(reason)
  }

  describe('an interrupted download', () => {
    test.each([1, 4, 11])(
      'after %d parts rejects with the reason, and goes on with what is missing',
      async numParts => {
        await hub.change({ ...REPOSITORY, bytesPerSecond: 2e7 })
        await interrupt(numParts)
        const stored = [...(await store.list()).entries()].filter(([path]) => /\/\d+$/.test(path))
        const storedBytes = stored.reduce((sum, [, bytes]) => sum + bytes, 0)
        expect(storedBytes).toBeGreaterThanOrEqual(numParts * PART)
        await hub.change(REPOSITORY)
        expect(isEqual(await readAll(await visit(), 'model.safetensors'), BYTES)).toBe(true)
        // a write under way may still have come to its end
        expect(await servedBytes()).toBeLessThanOrEqual(BYTES.length - storedBytes)
      },
    )

    test('aborted while the list is awaited rejects with the reason', async () => {
      const abort = new AbortController()
      await withFaults('api', { stall: true })
      const failure = failureOf(() => visit({ signal: abort.signal }))
      setTimeout(() => abort.abort(new Error('enough')), 50)
      expect(String(await failure)).toBe('Error: enough')
    })

    test('aborted while the store is searched rejects with the reason, and fetches nothing', async () => {
      const abort = new AbortController()
      let isOpening = false
      const list = (folder?: string) => {
        if (isOpening) abort.abort(new Error('enough'))
        return store.list(folder)
      }
      const source = await hubSource(LOCATION, { host: hub.host }, { ...store, list }, { retry: RETRY })
      isOpening = true
      const failure = failureOf(async () => readAll(source, 'model.safetensors', 0, abort.signal))
      expect(String(await failure)).toBe('Error: enough')
      expect(await filesServed()).toBe(0)
    })

    test('aborted while another downloads rejects with the reason, and leaves the other alone', async () => {
      await hub.change({ ...REPOSITORY, bytesPerSecond: 1e7 })
      const other = readAll(await visit(), 'model.safetensors')
      const abort = new AbortController()
      const failure = failureOf(async () => readAll(await visit(), 'model.safetensors', 0, abort.signal))
      setTimeout(() => abort.abort(new Error('enough')), 100)
      expect(String(await failure)).toBe('Error: enough')
      expect(isEqual(await other, BYTES)).toBe(true)
    })
  })

  test('two who load the same model at once download it once', async () => {
    await hub.change({ ...REPOSITORY, bytesPerSecond: 2e7 })
    const sources = await Promise.all([visit(), visit(), visit()])
    for (const bytes of await Promise.all(sources.map(source => readAll(source, 'model.safetensors')))) {
      expect(isEqual(bytes, BYTES)).toBe(true)
    }
    expect(await servedBytes()).toBe(BYTES.length)
  })

  test('two streams of one file, one of them dropped, each get what they read', async () => {
    const source = await visit()
    const dropped = (await source.open('model.safetensors'))?.getReader()
    const whole = readAll(source, 'model.safetensors')
    await dropped?.read()
    await dropped?.cancel()
    expect(isEqual(await whole, BYTES)).toBe(true)
    expect(await servedBytes()).toBe(BYTES.length)
  })

  test('a server without ranges is read in one go, and goes on as it can', async () => {
    await hub.change({ ...REPOSITORY, ranges: false })
    expect(isEqual(await readAll(await visit(), 'model.safetensors'), BYTES)).toBe(true)
    expect(await filesServed()).toBeLessThanOrEqual(2)
    await readAll(await visit(), 'model.safetensors')
    expect(await filesServed()).toBeLessThanOrEqual(2)
  })

  test('a server without ranges that drops connections is read in the end', async () => {
    const faults = { 'model.safetensors': [{}, { dropAfter: 5 * PART + 9 }, { endAfter: PART }] }
    await hub.change({ ...REPOSITORY, ranges: false, faults })
    expect(isEqual(await readAll(await visit(), 'model.safetensors'), BYTES)).toBe(true)
  })
}

export async function* chunksOf(source: ModelSource, file: string, begin = 0, signal?: AbortSignal) {
  const reader = (await source.open(file, signal, begin))?.getReader()
  if (!reader) throw new Error(`${source.name} has no ${file}`)
  for (;;) {
    const { done, value } = await reader.read()
    if (done) return
    yield value
  }
}

export async function readAll(source: ModelSource, file: string, begin = 0, signal?: AbortSignal): Promise<Uint8Array> {
  const chunks: Uint8Array<ArrayBuffer>[] = []
  for await (const chunk of chunksOf(source, file, begin, signal)) chunks.push(chunk)
  return new Uint8Array(await new Blob(chunks).arrayBuffer())
}

/** Compares quickly, and without printing megabytes. */
export function isEqual(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false
  for (let index = 0; index < a.length; index++) if (a[index] !== b[index]) return false
  return true
}

async function failureOf(work: () => Promise<unknown>): Promise<unknown> {
  try {
    await work()
  } catch (failure) {
    return failure
  }
  throw new CoppiceError('It did not fail.')
}
