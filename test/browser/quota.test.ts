import { afterEach, expect, inject, test } from 'vitest'
import { cdp } from 'vitest/browser'
import { StorageFull } from '../../src/core/errors'
import { evictCached, listCached } from '../../src/loader/cache/cached-models'
import { hubSource } from '../../src/loader/hub/hub-source'
import { openStore } from '../../src/storage/open-store'
import { checkRoom } from '../../src/storage/storage-full'
import { publish } from '../support/fake-repository'

/** Of Chrome's own protocol: what this site may store, from now on. */
async function setQuota(quotaSize?: number): Promise<void> {
  const session = cdp() as unknown as { send(method: string, params: object): Promise<unknown> }
  await session.send('Storage.overrideQuotaForOrigin', { origin: location.origin, quotaSize })
}

afterEach(async () => {
  await setQuota()
  await evictCached()
})

const LOCATION = { id: 'org/name', revision: undefined, file: undefined, quantization: undefined }

test('a model for which there is no room fails before its end, with the numbers, and goes on when there is', async () => {
  const bytes = 6e6
  const hub = await publish(inject('hubUrl'), { files: { 'model.safetensors': { bytes, seed: 1 } } })
  const { usageBytes = 0 } = await listCached()
  await setQuota(usageBytes + 3e6)
  const source = await hubSource(LOCATION, { host: hub.host }, await openStore(true))
  let length = 0
  const failure = await (async () => {
    const reader = (await source.open('model.safetensors'))?.getReader()
    for (let read = await reader?.read(); read && !read.done; read = await reader?.read()) length += read.value.length
  })().catch(error => error)
  expect(failure).toBeInstanceOf(StorageFull)
  expect(failure.message).toMatch(
    /org\/name\/model\.safetensors needs 6\.0 MB of storage, but the browser gives no more; this site uses \d\.\d MB/,
  )
  expect(length).toBeLessThan(bytes)
  await setQuota()
  expect(await new Response(await source.open('model.safetensors')).arrayBuffer()).toHaveProperty('byteLength', bytes)
})

test('a model of more than the browser says there is room for is refused at once', async () => {
  const { usage = 0, quota = 0 } = await navigator.storage.estimate()
  await expect(checkRoom('host/org/name', quota - usage + 1e9)).rejects.toThrow(StorageFull)
  await expect(checkRoom('host/org/name', quota - usage + 1e9)).rejects.toThrow(
    /host\/org\/name needs \d+\.\d MB more of storage, but this site has only \d+\.\d MB left\. Remove cached models/,
  )
  await checkRoom('host/org/name', 1)
})
