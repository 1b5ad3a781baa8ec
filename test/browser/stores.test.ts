import { afterAll, afterEach, describe, expect, inject, test } from 'vitest'
import { InvalidRequest } from '../../src/core/errors'
import { evictCached, listCached } from '../../src/loader/cache/cached-models'
import { hubSource } from '../../src/loader/hub/hub-source'
import { cacheApiStore } from '../../src/storage/cache-api-store'
import { openStore } from '../../src/storage/open-store'
import { opfsStore } from '../../src/storage/opfs-store'
import { hubContract, readAll } from '../loader/hub/hub-contract'
import { lockContract } from '../storage/lock-contract'
import { storeContract } from '../storage/store-contract'
import { publish } from '../support/fake-repository'

const NAME = 'stores-test'

async function openOpfs() {
  const root = await navigator.storage.getDirectory()
  return opfsStore(await root.getDirectoryHandle(NAME, { create: true }))
}

afterAll(async () => {
  await (await navigator.storage.getDirectory()).removeEntry(NAME, { recursive: true })
  await caches.delete(NAME)
})

describe.each([
  ['opfsStore', openOpfs],
  ['cacheApiStore', async () => cacheApiStore(await caches.open(NAME))],
])('%s', (_, open) => {
  storeContract(open)
})

describe('the locks of the platform', lockContract)

describe('a model of the hub, kept in the private file system', () => {
  hubContract(() => inject('hubUrl'), openOpfs)
})

describe('the cache of a page', () => {
  test('is the private file system, and tells what it holds', async () => {
    await evictCached()
    const store = await openStore(true)
    await store?.write('host%2Forg%2Fa/x/0', new Uint8Array(1000))
    await store?.write('host%2Forg%2Fa/y', new Uint8Array(10))
    await store?.write('host%2Forg%2Fb/x/0', new Uint8Array(5))
    const opfs = await navigator.storage.getDirectory()
    expect(await opfs.getDirectoryHandle('coppice')).toBeDefined()
    const { models, usageBytes = 0, quotaBytes = 0 } = await listCached()
    expect([...models].sort((a, b) => a.bytes - b.bytes)).toEqual([
      { name: 'host/org/b', bytes: 5 },
      { name: 'host/org/a', bytes: 1010 },
    ])
    expect(usageBytes).toBeGreaterThanOrEqual(0)
    expect(quotaBytes).toBeGreaterThan(usageBytes)
    await evictCached('host/org/a')
    expect((await listCached()).models).toEqual([{ name: 'host/org/b', bytes: 5 }])
    await evictCached()
    expect((await listCached()).models).toEqual([])
  })
})

describe('while a file is being written, in another tab say,', () => {
  const LOCATION = { id: 'org/name', revision: undefined, file: undefined, quantization: undefined }

  /** Opens a file of the cache for writing, as a tab does that downloads it. */
  async function writing(path: string) {
    let directory = await (await navigator.storage.getDirectory()).getDirectoryHandle('coppice', { create: true })
    const folders = path.split('/')
    const name = folders.pop() ?? ''
    for (const folder of folders) directory = await directory.getDirectoryHandle(folder, { create: true })
    return (await directory.getFileHandle(name, { create: true })).createWritable()
  }

  afterEach(() => evictCached())

  test('its model cannot be removed, and afterwards can', async () => {
    const writable = await writing('host%2Forg%2Fa/x/0')
    await expect(evictCached('host/org/a')).rejects.toThrow(InvalidRequest)
    await expect(evictCached('host/org/a')).rejects.toThrow('host/org/a is being downloaded, here or in another tab.')
    await writable.close()
    await evictCached('host/org/a')
    expect((await listCached()).models).toEqual([])
  })

  test('a newer commit of its model is read all the same', async () => {
    const files = { 'config.json': '{}' }
    const hub = await publish(inject('hubUrl'), { files })
    const visit = async () => hubSource(LOCATION, { host: hub.host }, await openStore(true))
    await readAll(await visit(), 'config.json')
    const name = encodeURIComponent(`${hub.host.replace('http://', '')}/org/name`)
    const writable = await writing(`${name}/${'a'.repeat(40)}/0`)
    await hub.change({ files, commit: 'f'.repeat(40) })
    expect(await readAll(await visit(), 'config.json')).toEqual(new TextEncoder().encode('{}'))
    await writable.close()
  })
})
