import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { folderStore } from '../../src/storage/folder-store'
import { storeContract } from './store-contract'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'coppice-'))
})
afterAll(() => rm(folder, { recursive: true }))

describe('folderStore', () => {
  storeContract(async () => folderStore(join(folder, 'contract')))

  test('what a crash left half written does not count', async () => {
    const store = folderStore(folder)
    await store.write('m/0', Uint8Array.of(1))
    await writeFile(join(folder, 'm/1.99-0.tmp'), 'half')
    expect([...(await store.list('m'))]).toEqual([['0', 1]])
  })
})
