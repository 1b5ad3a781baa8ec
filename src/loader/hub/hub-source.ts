import { checkRoom } from '../../storage/storage-full'
import type { Store } from '../../storage/store'
import { CachedFile } from '../cache/cached-file'
import { modelFolder } from '../cache/cached-models'
import { PartLayout } from '../cache/parts'
import { StoredFile } from '../cache/stored-file'
import { verifiedStream } from '../cache/verified-stream'
import type { RetryPolicy } from '../http/retry'
import { type ModelSource, skipBytes } from '../sources/source'
import { splitFiles } from '../sources/split-files'
import { chooseGguf } from './choose-gguf'
import { Hub, type HubOptions } from './hub'
import type { Listing } from './listing'
import type { HubLocation } from './location'
import { RememberedListings } from './remembered'

/**
 * A model on a hub: its revision resolved to a commit, its files checked against their lengths and checksums. They are
 * kept in `store`, if there is one, and read from there the next time, also without a network.
 * @throws DownloadFailed · InvalidRequest if it is not clear which GGUF file is meant · StorageFull
 */
export async function hubSource(
  location: HubLocation,
  options: HubOptions,
  store: Store | undefined,
  signal?: AbortSignal,
  retry?: RetryPolicy,
): Promise<ModelSource> {
  const hub = new Hub(location.id, options, retry)
  const folder = modelFolder(hub.name)
  const revision = location.revision ?? options.revision ?? 'main'
  const remembered = store && new RememberedListings(hub.name, store, folder)
  const { commit, files } = await hub.list(revision, remembered, signal)
  const gguf = chooseGguf(location, [...files.keys()])
  if (store) await checkRoom(hub.name, await missingBytes(store, folder, files, weightFiles(files, gguf)))
  const cached = new Map<string, CachedFile>()

  return {
    name: `${location.id}@${commit.slice(0, 7)}`,
    gguf,
    length: path => files.get(path)?.bytes,
    async distrust() {
      await Promise.all(Array.from(cached.values(), file => file.distrust()))
    },
    async open(path, signal, begin = 0) {
      signal?.throwIfAborted()
      const listed = files.get(path)
      if (!listed) return undefined
      const { bytes, checksum } = listed
      if (!store) {
        // a sum needs the whole of it
        const stream = await hub.file(commit, path, listed).open(0, signal)
        return skipBytes(verifiedStream(stream, path, checksum, bytes), begin)
      }
      let file = cached.get(path)
      if (!file) {
        const stored = new StoredFile(`${hub.name}/${path}`, store, `${folder}/${checksum.hash}`, new PartLayout(bytes))
        file = new CachedFile(stored, hub.file(commit, path, listed), checksum)
        cached.set(path, file)
      }
      return file.open(begin, signal)
    },
  }
}

/** Paths of the files that hold weights, next to which others are small. */
function weightFiles(files: Listing['files'], gguf: string | undefined): readonly string[] {
  if (gguf !== undefined) return splitFiles(gguf)
  if (files.has('model.safetensors')) return ['model.safetensors']
  return [...files.keys()].filter(path => /^[^/]+-\d+-of-\d+\.safetensors$/.test(path))
}

async function missingBytes(store: Store, folder: string, files: Listing['files'], paths: readonly string[]) {
  const stored = await store.list(folder)
  const versions = new Set(paths.map(path => files.get(path)?.checksum.hash))
  const has = [...stored].filter(([path]) => versions.has(path.split('/')[0])).reduce((sum, [, size]) => sum + size, 0)
  return paths.reduce((sum, path) => sum + (files.get(path)?.bytes ?? 0), 0) - has
}
