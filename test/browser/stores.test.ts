import { afterAll, describe, expect, inject, test } from 'vitest'
import { cacheApiStore } from '../../src/loader/cache/cache-api-store'
import { evictCached, listCached } from '../../src/loader/cache/cached-models'
import { openStore } from '../../src/loader/cache/open-store'
import { opfsStore } from '../../src/loader/cache/opfs-store'
import { storeContract } from '../loader/cache/store-contract'
import { hubContract } from '../loader/hub/hub-contract'

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
