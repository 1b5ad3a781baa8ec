import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { InvalidRequest } from '../../../src/core/errors'
import { hubSource } from '../../../src/loader/hub/hub-source'
import { parseHubLocation } from '../../../src/loader/hub/location'
import { folderStore } from '../../../src/storage/folder-store'
import { type FakeHub, startFakeHub } from '../../support/fake-hub'
import { type Fault, fakeBytes, publish } from '../../support/fake-repository'
import { chunksOf, hubContract, isEqual, RETRY, readAll } from './hub-contract'

let hub: FakeHub
let folder: string
beforeAll(async () => {
  hub = await startFakeHub()
  folder = await mkdtemp(join(tmpdir(), 'coppice-'))
})
afterAll(async () => {
  hub.close()
  await rm(folder, { recursive: true })
})

describe('a model of the hub, kept in a folder', () => {
  hubContract(
    () => hub.url,
    async () => folderStore(folder),
  )
})

describe('a model of the hub, kept nowhere', () => {
  const WEIGHTS = { bytes: 3e6, seed: 1 }
  const BYTES = fakeBytes(WEIGHTS)

  const FILE = 'model.safetensors'

  async function visit(...faults: Fault[]) {
    const { host } = await publish(hub.url, { files: { [FILE]: WEIGHTS }, faults: { [FILE]: faults } })
    const location = { id: 'org/name', revision: undefined, file: undefined, quantization: undefined }
    return hubSource(location, { host }, undefined, undefined, RETRY)
  }

  const read = async (begin: number, ...faults: Fault[]) => readAll(await visit(...faults), FILE, begin)

  test.each([0, 1, 2_999_999, 3_000_000])('is read from byte %d on, whatever passes', async begin => {
    const bytes = await read(begin, { status: 503 }, { dropAfter: 1_000_000 }, { endAfter: 1_000_000 })
    expect(isEqual(bytes, BYTES.subarray(begin))).toBe(true)
  })

  test.each([0, 1_000_000])('fails before its end if a byte is wrong, read from %d on', async begin => {
    await expect(read(begin, { damage: 500_000 })).rejects.toThrow('model.safetensors has arrived damaged')
  })

  test('gives the last chunk of a file only once its sum is right', async () => {
    let length = 0
    const source = await visit({ damage: 0 })
    const reading = (async () => {
      for await (const chunk of chunksOf(source, FILE)) length += chunk.length
    })()
    await expect(reading).rejects.toThrow('has arrived damaged')
    expect(length).toBeGreaterThan(0)
    expect(length).toBeLessThan(BYTES.length)
  })
})

test('a small file that arrives damaged is found without a store too', async () => {
  const { host } = await publish(hub.url, { files: { a: 'text' }, faults: { a: [{ damage: 2 }] } })
  const location = { id: 'org/name', revision: undefined, file: undefined, quantization: undefined }
  const source = await hubSource(location, { host }, undefined, undefined, RETRY)
  await expect(readAll(source, 'a')).rejects.toThrow('a has arrived damaged: its SHA-1 is')
})

describe('a repository of GGUF files', () => {
  const open = async (text: string, ...paths: string[]) => {
    const { host } = await publish(hub.url, { files: Object.fromEntries(paths.map(path => [path, path])) })
    const location = parseHubLocation(text)
    if (!location) throw new Error(`${text} is no id`)
    return hubSource(location, { host }, undefined, undefined, RETRY)
  }

  test('gives the file that is meant, in a folder too', async () => {
    const source = await open('org/name:Q8_0', 'a-Q4_0.gguf', 'big/a-Q8_0.gguf')
    expect(source.gguf).toBe('big/a-Q8_0.gguf')
    expect(new TextDecoder().decode(await readAll(source, 'big/a-Q8_0.gguf'))).toBe('big/a-Q8_0.gguf')
  })

  test('must be on a host that is an address', async () => {
    const location = { id: 'org/name', revision: undefined, file: undefined, quantization: undefined }
    await expect(hubSource(location, { host: 'example.org' }, undefined)).rejects.toThrow(InvalidRequest)
    for (const host of ['u:secret@example.org', 'https://u:secret@', 'https://example.org/?token=secret']) {
      const failure = await hubSource(location, { host }, undefined).catch(error => error)
      expect(failure).toBeInstanceOf(InvalidRequest)
      expect(String(failure)).not.toContain('secret')
    }
  })

  test('asks which is meant', async () => {
    await expect(open('org/name', 'a-Q4_0.gguf', 'a-Q8_0.gguf')).rejects.toThrow(InvalidRequest)
  })
})
