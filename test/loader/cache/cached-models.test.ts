import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { evictCached, listCached, modelFolder } from '../../../src/loader/cache/cached-models'
import { folderStore } from '../../../src/storage/folder-store'

const [A, B] = ['huggingface.co/org/a', 'localhost:8080/org/b']
let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'coppice-'))
  await writeFile(join(folder, '100%'), 'of somebody else')
  for (const name of [A, B]) await folderStore(folder).write(`${modelFolder(name)}/f/0`, Uint8Array.of(1, 2, 3))
})
afterEach(() => rm(folder, { recursive: true }))

const names = async () => (await listCached(folder)).models.map(({ name }) => name).sort()

test('models are listed by name with their bytes, and what else is in the folder is not', async () => {
  const { models } = await listCached(folder)
  expect(models.toSorted((a, b) => (a.name < b.name ? -1 : 1))).toEqual([
    { name: A, bytes: 3 },
    { name: B, bytes: 3 },
  ])
})

test('a model is removed by its name, and the others stay', async () => {
  await evictCached(A, folder)
  expect(await names()).toEqual([B])
})

test.each(['', '.', '..', 'huggingface.co/org', '100%'])(
  'a name that no model has removes nothing: “%s”',
  async name => {
    await evictCached(name, folder)
    expect(await names()).toEqual([A, B])
    expect(await readdir(folder)).toContain('100%')
  },
)

test('without a name all models are removed, and nothing else', async () => {
  await evictCached(undefined, folder)
  expect(await readdir(folder)).toEqual(['100%'])
})
