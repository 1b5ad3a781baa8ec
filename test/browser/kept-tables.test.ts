import { afterEach, expect, it, vi } from 'vitest'
import { keepTable, openTable } from '../../src/tuning/kept-tables'

const NAME = 'coppice-tuning'

afterEach(async () => {
  vi.restoreAllMocks()
  await caches.delete(NAME)
})

it('a table is there at the next visit, for the same adapter, if it may be kept', async () => {
  const table = { shape: { 1: 0, 4: 2 } }
  await keepTable({ adapter: 'first (of two)' }, table)
  expect(await openTable({ adapter: 'second' }, true)).toEqual({})
  expect(await openTable({ adapter: 'first (of two)' }, true)).toEqual(table)
})

it('a table that may not be kept is not looked for, and engines of a page share it', async () => {
  await keepTable({ adapter: 'shared' }, { shape: { 1: 1 } })
  const table = await openTable({ adapter: 'shared' }, false)
  expect(table).toEqual({})
  expect(await openTable({ adapter: 'shared' }, true)).toBe(table)
})

it('a table has the address at which earlier versions kept theirs', async () => {
  await keepTable({ adapter: 'first (of two)' }, { shape: { 1: 1 } })
  const [request] = await (await caches.open(NAME)).keys()
  expect(request.url).toMatch(/^https:\/\/coppice\.invalid\/2\/first%20\(of%20two\)\/[^/]+$/)
})

it('a damaged table is an empty one', async () => {
  await keepTable({ adapter: 'damaged' }, { shape: { 1: 1 } })
  const cache = await caches.open(NAME)
  const [request] = await cache.keys()
  await cache.put(request, new Response('{"shape":{"1":1'))
  expect(await openTable({ adapter: 'damaged' }, true)).toEqual({})
})

it('storage that fails is none', async () => {
  vi.spyOn(caches, 'open').mockRejectedValue(new DOMException('blocked', 'SecurityError'))
  await keepTable({ adapter: 'blocked' }, { shape: { 1: 1 } })
  expect(await openTable({ adapter: 'blocked' }, true)).toEqual({})
})
