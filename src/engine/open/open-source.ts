import { DownloadFailed, InvalidRequest } from '../../core/errors'
import {
  directorySource,
  fileListSource,
  folderSource,
  type HubOptions,
  httpSource,
  type ModelSource,
  openStore,
  parseHubLocation,
} from '../../loader'
import type { Settings } from '../options'
import { weightRoom } from '../plan/choose-weights'
import { memoryBudget } from '../plan/memory-budget'

/** Where a model is. */
export type ModelLocation = string | URL | FileSystemDirectoryHandle | Iterable<File> | ModelSource

const GGUF = '.gguf'

/** The engine's options that say how files come. */
type SourceOptions = Pick<Settings, 'hub' | 'cache' | 'signal' | 'memoryBytes'>

/**
 * The source that a location means: text is a URL, a Hugging Face id, or outside a page a folder; text that ends in .gguf is a file.
 * @throws InvalidRequest for what is no location, and what opening it throws
 */
export async function openSource(location: ModelLocation, options: SourceOptions = {}): Promise<ModelSource> {
  if (location instanceof URL) return openText(location.href, options)
  if (typeof location === 'string' && location.trim() !== '') return openText(location, options)
  if (typeof location === 'object' && location !== null) {
    checkNotOfHub(options.hub)
    if ('open' in location && typeof location.open === 'function') return location
    if ('getFileHandle' in location) return directorySource(location)
    if (Symbol.iterator in location) return openFiles([...location])
  }
  const what = typeof location === 'string' ? 'an empty text' : nameOf(location)
  throw new InvalidRequest(
    `The model's location is ${what}, but must be a URL, a Hugging Face id (org/name), a folder, a list of files or a ModelSource.`,
  )
}

/** What a value is, for people who did not mean to give it: `undefined`, `5`, `an object of class Promise`. */
function nameOf(value: unknown): string {
  if (typeof value === 'function') return 'a function'
  if (typeof value !== 'object' || value === null) return String(value)
  return `an object of class ${value.constructor?.name ?? 'null'}`
}

async function openText(
  location: string,
  { hub = {}, cache, signal, memoryBytes }: SourceOptions,
): Promise<ModelSource> {
  // more than one letter: C:\ is a disk
  const isUrl = /^([a-z][a-z\d+.-]+:\/\/|blob:|data:)/i.test(location)
  const isPath = /^[./~]|^[A-Za-z]:\\/.test(location)
  const hubLocation = isUrl || isPath ? undefined : parseHubLocation(location)
  if (hubLocation) {
    const [store, { hubSource }] = await Promise.all([
      openStore(cache ?? !!globalThis.location),
      import('../../loader/hub/hub-source'),
    ])
    return hubSource(hubLocation, hub, store, { signal, room: weightRoom(memoryBudget(memoryBytes)) }).catch(
      async error => {
        throw await withHint(error, location)
      },
    )
  }
  checkNotOfHub(hub)
  if (location.startsWith('file:') && !globalThis.location) return openPath(pathOf(location), undefined)
  const [path, query] = isUrl ? [location.replace(/[?#].*/s, ''), /\?[^#]*/.exec(location)?.[0]] : [location]
  return openPath(path, isUrl ? (query ?? '') : undefined)
}

/** @throws InvalidRequest if options choose among what a repository has, and the location is none */
function checkNotOfHub({ variant, subfolder }: HubOptions = {}): void {
  if (variant === undefined && subfolder === undefined) return
  const option = variant === undefined ? `subfolder is ${subfolder}` : `variant is ${variant}`
  throw new InvalidRequest(`hub.${option}, but the model's location is no Hugging Face id (org/name). Leave it away.`)
}

/** A folder or a GGUF file; of a URL with its query. A page reads relative to itself, Node reads folders. */
function openPath(path: string, query: string | undefined): ModelSource {
  const nameBegin = path.endsWith(GGUF) ? Math.max(path.lastIndexOf('/'), path.lastIndexOf('\\')) + 1 : path.length
  const folder = path.slice(0, nameBegin) || '.'
  const isRemote = query !== undefined || !!globalThis.location
  const source = isRemote ? httpSource(folder + (query ?? '')) : folderSource(folder)
  if (nameBegin === path.length) return source
  const name = path.slice(nameBegin)
  return { ...source, gguf: query === undefined ? name : decodeName(name) }
}

/** The path of a file URL: `C:/models` of `file:///C:/models`. */
function pathOf(fileUrl: string): string {
  return decodeName(new URL(fileUrl).pathname.replace(/^\/(?=[A-Za-z]:)/, ''))
}

function decodeName(part: string): string {
  try {
    return decodeURIComponent(part)
  } catch (cause) {
    throw new InvalidRequest(`${part} is not a name that a URL can hold.`, { cause })
  }
}

/** `models/name` is an id, though a folder may be meant. In a page there may be one; elsewhere it is looked up. */
async function withHint(error: unknown, location: string): Promise<unknown> {
  const isUnknown = error instanceof DownloadFailed && [undefined, 401, 404].includes(error.status)
  if (!isUnknown || /[@:]/.test(location)) return error
  if (!globalThis.location && !(await isFolder(location))) return error
  const { message, cause, status } = error
  const meant = globalThis.location
    ? 'If a folder beside this page is meant'
    : 'There is such a folder here. If it is meant'
  return new DownloadFailed(`${message} ${meant}, write ./${location}.`, { cause, status })
}

async function isFolder(path: string): Promise<boolean> {
  const slash = path.lastIndexOf('/')
  const [folder, file] = path.endsWith(GGUF) ? [path.slice(0, slash), path.slice(slash + 1)] : [path, 'config.json']
  // what cannot be read is not what was meant
  const stream = await folderSource(folder)
    .open(file)
    .catch(() => undefined)
  await stream?.cancel()
  return stream !== undefined
}

/** Files without a .safetensors among them are a GGUF model, if there is one: a single file, or the parts of one. */
function openFiles(files: readonly File[]): ModelSource {
  const stranger = files.find(file => !(file instanceof Blob) || typeof file.name !== 'string')
  if (stranger !== undefined)
    throw new InvalidRequest(`The list of the model's files holds ${nameOf(stranger)}, no File.`)
  if (files.length === 0)
    throw new InvalidRequest("The list of the model's files is empty. Choose its files or folder.")
  const source = fileListSource(files)
  const names = files.map(({ name }) => name)
  const ggufs = names.filter(name => name.endsWith(GGUF)).sort()
  if (ggufs.length === 0 || names.some(name => name.endsWith('.safetensors'))) return source
  const models = new Set(ggufs.map(name => name.replace(/-\d{5}-of-/, '')))
  if (models.size === 1) return { ...source, gguf: ggufs[0] }
  throw new InvalidRequest(`The files are those of ${models.size} GGUF models: ${ggufs.join(', ')}. Give those of one.`)
}
