import type { Store } from '../../src/storage/store'

export interface MemoryStore extends Store {
  /** What is there, by path. */
  readonly contents: Map<string, Uint8Array<ArrayBuffer>>
  /** Bytes that it takes at most. */
  capacity: number
  /** Called before each write. */
  onWrite: (path: string, bytes: Uint8Array) => void
}

/** A store without a disk, which can be full, and whose contents a test can take away or spoil. */
export function memoryStore(contents: Iterable<readonly [string, Uint8Array<ArrayBuffer>]> = []): MemoryStore {
  const store = {
    contents: new Map([...contents].map(([path, bytes]) => [path, bytes.slice()] as const)),
    capacity: Number.POSITIVE_INFINITY,
    onWrite: () => undefined,
    read: async (path: string) => store.contents.get(path)?.slice(),
    write: async (path: string, bytes: Uint8Array<ArrayBuffer>) => {
      store.onWrite(path, bytes)
      const used = [...store.contents].reduce((sum, [each, { length }]) => sum + (each === path ? 0 : length), 0)
      if (used + bytes.length > store.capacity) throw new DOMException('no room', 'QuotaExceededError')
      store.contents.set(path, bytes.slice())
    },
    list: async (folder = '') => {
      const prefix = folder && `${folder}/`
      const below = [...store.contents].filter(([path]) => path.startsWith(prefix))
      return new Map(below.map(([path, { length }]) => [path.slice(prefix.length), length]))
    },
    remove: async (path: string) => {
      for (const each of [...store.contents.keys()]) {
        if (each === path || each.startsWith(`${path}/`)) store.contents.delete(each)
      }
    },
  } as MemoryStore
  return store
}
