import { InvalidRequest } from '../../core/errors'
import { listed } from '../../core/listed'
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
import { type ChosenVariant, chooseVariant, MAX_CHOICES, variantIn, type WeightRoom } from './choose-variant'
import { Hub, type HubOptions } from './hub'
import type { ListedFile, Listing } from './listing'
import type { HubLocation } from './location'
import { RememberedListings } from './remembered'

/** The room of a caller who does not say how much there is. */
const ANY_ROOM: WeightRoom = { bytes: Number.POSITIVE_INFINITY, reason: 'no limit given' }

export interface HubSourceOptions {
  readonly signal?: AbortSignal
  readonly retry?: RetryPolicy
  /** The most that the weights may take, where there are several variants to choose from. */
  readonly room?: WeightRoom
}

/**
 * A model on a hub: its revision resolved to a commit, its files checked against their lengths and checksums. They are
 * kept in `store`, if there is one, and read from there the next time, also without a network.
 * @throws DownloadFailed · InvalidRequest if it is not clear which variant is meant · StorageFull
 */
export async function hubSource(
  asked: HubLocation,
  options: HubOptions,
  store: Store | undefined,
  { signal, retry, room = ANY_ROOM }: HubSourceOptions = {},
): Promise<ModelSource> {
  const location = withOptions(asked, options)
  const hub = new Hub(location.id, options, retry)
  const folder = modelFolder(hub.name)
  const revision = location.revision ?? 'main'
  const remembered = store && new RememberedListings(hub.name, store, folder)
  const listing = await hub.list(revision, remembered, signal)
  const { commit } = listing
  const files = within(listing.files, location)
  const chosen = chooseVariant(location, files, room)
  if (store) await checkRoom(hub.name, await missingBytes(store, folder, files, weightFiles(files, chosen)))
  const cached = new Map<string, CachedFile>()
  const moved = listing.id !== undefined && listing.id !== location.id
  const decisions = [
    ...(moved ? [`${location.id} is called ${listing.id} now`] : []),
    ...(chosen.decision === undefined ? [] : [chosen.decision]),
  ]

  return {
    name: `${location.id}@${commit.slice(0, 7)}${location.subfolder === undefined ? '' : `/${location.subfolder}`}`,
    gguf: chosen.gguf,
    decisions,
    length: file => files.get(variantOf(file, chosen))?.bytes,
    async distrust() {
      await Promise.all(Array.from(cached.values(), file => file.distrust()))
    },
    async open(file, signal, begin = 0) {
      signal?.throwIfAborted()
      const listed = files.get(variantOf(file, chosen))
      if (!listed) return undefined
      const { bytes, checksum, path } = listed
      if (!store) {
        // a sum needs the whole of it
        const stream = await hub.file(commit, path, listed).open(0, signal)
        return skipBytes(verifiedStream(stream, path, checksum, bytes), begin)
      }
      let kept = cached.get(path)
      if (!kept) {
        const stored = new StoredFile(`${hub.name}/${path}`, store, `${folder}/${checksum.hash}`, new PartLayout(bytes))
        kept = new CachedFile(stored, hub.file(commit, path, listed), checksum)
        cached.set(path, kept)
      }
      return kept.open(begin, signal)
    },
  }
}

/** A listed file, and its path from the repository's root. */
interface PlacedFile extends ListedFile {
  readonly path: string
}

/** The location, with what the options add to it. @throws InvalidRequest where they differ, or an option is not known */
function withOptions(location: HubLocation, options: HubOptions): HubLocation & Pick<HubOptions, 'subfolder'> {
  const { host: _host, token: _token, revision, variant, subfolder: folder, ...unknown } = options
  const [stranger] = Object.keys(unknown)
  if (stranger !== undefined) {
    throw new InvalidRequest(
      `hub.${stranger} is not an option; there are host, token, revision, variant and subfolder.`,
    )
  }
  const { file, quantization = variant } = location
  if (variant !== undefined && (file !== undefined || quantization !== variant)) {
    throw new InvalidRequest(
      `The id asks for ${file ?? quantization}, but hub.variant is ${variant}. Say which in one place.`,
    )
  }
  const subfolder = folder?.replace(/^\/+|\/+$/g, '') || undefined
  return { ...location, quantization, revision: location.revision ?? revision, subfolder }
}

/** The files of the folder that is meant, by their paths in it. @throws InvalidRequest if there is none in it */
function within(
  files: Listing['files'],
  { id, subfolder }: HubLocation & Pick<HubOptions, 'subfolder'>,
): ReadonlyMap<string, PlacedFile> {
  const begin = subfolder === undefined ? '' : `${subfolder}/`
  const inside = [...files].filter(([path]) => path.startsWith(begin))
  if (inside.length === 0 && begin !== '') {
    const folders = new Set(
      [...files.keys()].flatMap(path => (path.includes('/') ? [path.replace(/\/[^/]*$/, '')] : [])),
    )
    const there = folders.size === 0 ? 'It has no folders' : `There are ${listed([...folders], MAX_CHOICES)}`
    throw new InvalidRequest(`${id} has no folder ${subfolder}. ${there}.`)
  }
  return new Map(inside.map(([path, file]) => [path.slice(begin.length), { ...file, path }]))
}

/** The name of a file of weights in the variant chosen: `model.fp16.safetensors`. */
function variantOf(file: string, { variant }: ChosenVariant): string {
  if (variant === undefined) return file
  if (file === 'model.safetensors') return `model.${variant}.safetensors`
  return file === 'model.safetensors.index.json' ? `model.safetensors.index.${variant}.json` : file
}

/** Paths of the files that hold weights, next to which others are small. */
function weightFiles(files: ReadonlyMap<string, PlacedFile>, chosen: ChosenVariant): readonly string[] {
  if (chosen.gguf !== undefined) return splitFiles(chosen.gguf)
  const single = variantOf('model.safetensors', chosen)
  if (files.has(single)) return [single]
  const isShard = (path: string) => /^[^/]+-\d+-of-\d+(\.\w+)?\.safetensors$/.test(path)
  return [...files.keys()].filter(path => isShard(path) && variantIn(path) === chosen.variant)
}

async function missingBytes(
  store: Store,
  folder: string,
  files: ReadonlyMap<string, PlacedFile>,
  paths: readonly string[],
) {
  const stored = await store.list(folder)
  const versions = new Set(paths.map(path => files.get(path)?.checksum.hash))
  const has = [...stored].filter(([path]) => versions.has(path.split('/')[0])).reduce((sum, [, size]) => sum + size, 0)
  return paths.reduce((sum, path) => sum + (files.get(path)?.bytes ?? 0), 0) - has
}
