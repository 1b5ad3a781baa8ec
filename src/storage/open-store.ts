import { InvalidRequest } from '../core/errors'
import { cacheApiStore } from './cache-api-store'
import { folderStore } from './folder-store'
import { opfsStore } from './opfs-store'
import type { Store } from './store'

/**
 * A place for files between visits: `true`, in a page: the origin's private file system, or the Cache API where there is
 * none; a text, in Node: a folder; `false`: nowhere.
 */
export type CacheChoice = boolean | string

/** The folder or cache that holds all models. */
const MODELS = 'coppice'

/**
 * The store at the place chosen; undefined if nothing is to be kept, or the browser has no place for it.
 * @param root the folder or cache of a page that holds all of it; a folder on disk is the store itself
 * @throws InvalidRequest for `true` outside a page
 */
export async function openStore(choice: CacheChoice, root = MODELS): Promise<Store | undefined> {
  if (typeof choice === 'string') return folderStore(choice)
  if (!choice) return undefined
  if (!globalThis.navigator?.storage) {
    if (globalThis.location) return undefined
    throw new InvalidRequest('cache is true, but outside a page it must be a folder.')
  }
  return (await openOpfs(root)) ?? (await openCacheApi(root))
}

/** A store in the cache of this name; undefined where there is no Cache API, or the browser refuses. */
export async function openCacheApi(name: string): Promise<Store | undefined> {
  const cache = globalThis.caches && (await allowed(() => caches.open(name)))
  return cache && cacheApiStore(cache)
}

async function openOpfs(name: string): Promise<Store | undefined> {
  if (!globalThis.FileSystemFileHandle?.prototype.createWritable) return undefined
  const root = await allowed(async () => {
    const origin = await navigator.storage.getDirectory()
    return origin.getDirectoryHandle(name, { create: true })
  })
  return root && opfsStore(root)
}

/** The value that `open` gives; undefined where the browser refuses, as in private windows or with storage blocked. */
async function allowed<T>(open: () => Promise<T>): Promise<T | undefined> {
  try {
    return await open()
  } catch (error) {
    if (error instanceof DOMException) return undefined
    throw error
  }
}
