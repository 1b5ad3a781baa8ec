import { InvalidRequest } from '../../core/errors'
import { type CacheChoice, openStore } from '../../storage/open-store'
import type { Store } from '../../storage/store'

/** A model that is stored, wholly or in part. */
export interface CachedModel {
  /** The model's address without the scheme: `huggingface.co/org/name`. */
  readonly name: string
  readonly bytes: number
}

export interface CacheContents {
  readonly models: readonly CachedModel[]
  /** Bytes that all storage of this site takes, as the browser estimates it; undefined where it does not. */
  readonly usageBytes: number | undefined
  /** Bytes that it may take, estimated likewise. */
  readonly quotaBytes: number | undefined
}

/** The models in the cache, and the room that there is. */
export async function listCached(cache: CacheChoice = true): Promise<CacheContents> {
  const store = await openStore(cache)
  const bytesOf = new Map<string, number>()
  for (const [path, bytes] of (await store?.list()) ?? []) {
    const [folder] = path.split('/')
    // a folder on disk may hold other things too
    if (!folder.includes('%2F')) continue
    const name = decodeURIComponent(folder)
    bytesOf.set(name, (bytesOf.get(name) ?? 0) + bytes)
  }
  const { usage, quota } = (await globalThis.navigator?.storage?.estimate?.()) ?? {}
  const models = Array.from(bytesOf, ([name, bytes]) => ({ name, bytes }))
  return { models, usageBytes: usage, quotaBytes: quota }
}

/**
 * Removes a model from the cache, by the name that `listCached` gives; without a name all. An engine that runs the model
 * goes on.
 * @throws InvalidRequest while the model is being downloaded, here or in another tab
 */
export async function evictCached(name?: string, cache: CacheChoice = true): Promise<void> {
  const store = await openStore(cache)
  const { models } = await listCached(cache)
  const unwanted = models.filter(model => name === undefined || model.name === name)
  await Promise.all(unwanted.map(model => store && remove(store, model.name)))
}

async function remove(store: Store, name: string): Promise<void> {
  try {
    await store.remove(modelFolder(name))
  } catch (cause) {
    if (!(cause instanceof DOMException && cause.name === 'NoModificationAllowedError')) throw cause
    throw new InvalidRequest(`${name} is being downloaded, here or in another tab. Remove it after that.`, { cause })
  }
}

/** The folder of a model in a store. */
export function modelFolder(name: string): string {
  return encodeURIComponent(name)
}
