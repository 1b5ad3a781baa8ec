import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe } from 'vitest'
import { folderStore } from '../../../src/loader/cache/folder-store'
import { startFakeHub } from '../../support/fake-hub'
import { hubContract } from './hub-contract'

let hub: Awaited<ReturnType<typeof startFakeHub>>
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
