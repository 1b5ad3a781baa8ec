import { directorySource, fileListSource, folderSource, httpSource, type ModelSource } from '../loader'

/** Where a model is. */
export type ModelLocation = string | FileSystemDirectoryHandle | Iterable<File> | ModelSource

const HUB = 'https://huggingface.co'
const HUB_ID = /^[\w.-]+\/[\w.-]+$/

/** What a location means: text is a URL, a Hugging Face id, or in Node a folder. */
export function openSource(location: ModelLocation): ModelSource {
  if (typeof location === 'string') return openText(location)
  if ('open' in location) return location
  if ('getFileHandle' in location) return directorySource(location)
  return fileListSource([...location])
}

function openText(location: string): ModelSource {
  if (/^(https?|blob|data):/.test(location)) return httpSource(location)
  const isPath = /^[./~]|^[A-Za-z]:\\|^file:/.test(location)
  if (HUB_ID.test(location) && !isPath) return httpSource(`${HUB}/${location}/resolve/main/`)
  // a page reads relative to itself, Node reads folders
  return globalThis.location ? httpSource(new URL(location, globalThis.location.href).href) : folderSource(location)
}
