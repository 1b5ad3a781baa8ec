import { expect, test } from 'vitest'
import type { Store } from '../../src/storage/store'

const bytes = (...values: number[]) => Uint8Array.from(values)
const sorted = (sizes: ReadonlyMap<string, number>) => [...sizes].sort()

/** What every store promises. `open` gives the same place each time; it is empty at first. */
export function storeContract(open: () => Promise<Store>): void {
  test('what was written is read, also by another who opens the same place', async () => {
    const store = await open()
    await store.write('a%2Fb/c/0', bytes(1, 2, 3))
    expect(await store.read('a%2Fb/c/0')).toEqual(bytes(1, 2, 3))
    expect(await (await open()).read('a%2Fb/c/0')).toEqual(bytes(1, 2, 3))
    await store.write('a%2Fb/c/0', bytes(4))
    expect(await store.read('a%2Fb/c/0')).toEqual(bytes(4))
    await store.remove('a%2Fb')
  })

  test('any name does that encodeURIComponent gives', async () => {
    const store = await open()
    const path = `${encodeURIComponent("AMD Radeon’s (2nd) / *~!'.@#")}/x`
    await store.write(path, bytes(1))
    expect(await store.read(path)).toEqual(bytes(1))
    expect([...(await store.list())]).toEqual([[path, 1]])
    await store.remove(path)
    expect(await store.read(path)).toBeUndefined()
  })

  test('what is read is the caller’s own', async () => {
    const store = await open()
    const written = bytes(1, 2)
    await store.write('x', written)
    written.fill(9)
    ;(await store.read('x'))?.fill(9)
    expect(await store.read('x')).toEqual(bytes(1, 2))
    await store.remove('x')
  })

  test('files are those of all paths in their order, or none if one is missing', async () => {
    const store = await open()
    for (let part = 0; part < 11; part++) await store.write(`f/${part}`, bytes(part, part + 100))
    const paths = Array.from({ length: 11 }, (_, part) => `f/${part}`)
    if (store.files) {
      const read = await new Blob([...((await store.files(paths)) ?? [])]).arrayBuffer()
      expect([...new Uint8Array(read)]).toEqual(paths.flatMap((_, part) => [part, part + 100]))
      expect(await store.files([...paths, 'f/11'])).toBeUndefined()
    }
    await store.remove('f')
  })

  test('what is not there is undefined, and can be removed', async () => {
    const store = await open()
    expect(await store.read('absent')).toBeUndefined()
    expect(await store.read('absent/0')).toBeUndefined()
    expect(sorted(await store.list('absent'))).toEqual([])
    await store.remove('absent')
    await store.remove('absent/0')
  })

  test('a list has the sizes of everything below a folder, and of nothing beside it', async () => {
    const store = await open()
    await store.write('m/f/0', bytes(1, 2, 3))
    await store.write('m/f/1', bytes())
    await store.write('m/r', bytes(1))
    await store.write('m2/f/0', bytes(1, 2))
    expect(sorted(await store.list('m'))).toEqual([
      ['f/0', 3],
      ['f/1', 0],
      ['r', 1],
    ])
    expect(sorted(await store.list('m/f'))).toEqual([
      ['0', 3],
      ['1', 0],
    ])
    expect((await store.list()).size).toBe(4)
    await store.remove('m/f')
    expect(sorted(await store.list())).toEqual([
      ['m/r', 1],
      ['m2/f/0', 2],
    ])
    await store.remove('m')
    await store.remove('m2')
    expect((await store.list()).size).toBe(0)
  })

  test('writes at the same time, to one path or many, leave whole contents', async () => {
    const store = await open()
    const contents = Array.from({ length: 8 }, (_, index) => new Uint8Array(10_000).fill(index))
    await Promise.all(contents.flatMap((each, index) => [store.write('same', each), store.write(`n/${index}`, each)]))
    const same = await store.read('same')
    expect(contents).toContainEqual(same)
    for (const [index, each] of contents.entries()) expect(await store.read(`n/${index}`)).toEqual(each)
    await store.remove('same')
    await store.remove('n')
  })
}
