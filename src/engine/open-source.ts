import { InvalidRequest } from '../core/errors'
import {
  directorySource,
  fileListSource,
  folderSource,
  httpSource,
  hubSource,
  type ModelSource,
  openStore,
  parseHubLocation,
} from '../loader'
import type { EngineOptions } from './options'

/** Where a model is. */
export type ModelLocation = string | FileSystemDirectoryHandle | Iterable<File> | ModelSource

const GGUF = '.gguf'

/** Of the engine's options those that say how files come. */
type SourceOptions = Pick<EngineOptions, 'hub' | 'cache' | 'signal'>

/** What a location means: text is a URL, a Hugging Face id, or in Node a folder; text that ends in .gguf is a file. */
export async function openSource(location: ModelLocation, options: SourceOptions = {}): Promise<ModelSource> {
  if (typeof location === 'string') return openText(location, options)
  if ('open' in location) return location
  if ('getFileHandle' in location) return directorySource(location)
  return openFiles([...location])
}

async function openText(location: string, { hub = {}, cache, signal }: SourceOptions): Promise<ModelSource> {
  const isUrl = /^(https?|blob|data):/.test(location)
  const isPath = /^[./~]|^[A-Za-z]:\\|^file:/.test(location)
  const hubLocation = isUrl || isPath ? undefined : parseHubLocation(location)
  if (hubLocation) return hubSource(hubLocation, hub, await openStore(cache ?? !!globalThis.location), signal)
  const path = isUrl ? location.replace(/[?#].*/, '') : location
  if (path.endsWith(GGUF)) return openFile(path, isUrl, isUrl ? /\?[^#]*/.exec(location)?.[0] : undefined)
  return openFolder(location, isUrl)
}

function openFile(path: string, isUrl: boolean, query = ''): ModelSource {
  const nameBegin = Math.max(path.lastIndexOf('/'), path.lastIndexOf('\\')) + 1
  const name = path.slice(nameBegin)
  return { ...openFolder(path.slice(0, nameBegin) + query, isUrl), gguf: isUrl ? decodeName(name) : name }
}

/** A page reads relative to itself, Node reads folders. */
function openFolder(folder: string, isUrl: boolean): ModelSource {
  if (isUrl) return httpSource(folder)
  const path = folder || '.'
  return globalThis.location ? httpSource(new URL(path, globalThis.location.href).href) : folderSource(path)
}

function decodeName(part: string): string {
  try {
    return decodeURIComponent(part)
  } catch (cause) {
    throw new InvalidRequest(`${part} is not a name that a URL can hold.`, { cause })
  }
}

/** Files without a .safetensors among them are a GGUF model, if there is one: a single file, or the parts of one. */
function openFiles(files: readonly File[]): ModelSource {
  const source = fileListSource(files)
  const names = files.map(({ name }) => name)
  const ggufs = names.filter(name => name.endsWith(GGUF)).sort()
  if (ggufs.length === 0 || names.some(name => name.endsWith('.safetensors'))) return source
  const models = new Set(ggufs.map(name => name.replace(/-\d{5}-of-/, '')))
  if (models.size === 1) return { ...source, gguf: ggufs[0] }
  throw new InvalidRequest(`The files are those of ${models.size} GGUF models: ${ggufs.join(', ')}. Give those of one.`)
}
