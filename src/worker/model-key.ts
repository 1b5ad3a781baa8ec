import { completeOptions, type EngineOptions } from '../engine/options'
import type { Opening } from './protocol'

/** By which two tabs are known to want the same engine. */
export interface ModelKey {
  readonly location: Opening['location']
  /** The options, defaults included, as text. */
  readonly options: string
}

/** How files come, and where they are packed, makes no other engine. */
export function modelKey(location: Opening['location'], options: EngineOptions): ModelKey {
  const { packing, hub, signal, onProgress, ...others } = completeOptions(options)
  return { location, options: JSON.stringify({ ...others, hub: { ...hub, token: undefined } }, sorted) }
}

/**
 * Whether both are one model with the same options: addresses by their text, files by name, size and date, folders as the
 * browser knows them. What is in a folder or at an address is not looked at.
 */
export async function isSameModel(a: ModelKey, b: ModelKey): Promise<boolean> {
  if (a.options !== b.options) return false
  if (isFolder(a.location) && isFolder(b.location)) return a.location.isSameEntry(b.location)
  return !isFolder(a.location) && !isFolder(b.location) && nameOf(a.location) === nameOf(b.location)
}

function isFolder(location: Opening['location']): location is FileSystemDirectoryHandle {
  return typeof location === 'object' && 'isSameEntry' in location
}

function nameOf(location: string | readonly File[]): string {
  if (typeof location === 'string') return location
  return JSON.stringify(location.map(({ name, size, lastModified }) => [name, size, lastModified]).sort())
}

/** Fields of plain objects, whatever order they were written in. */
function sorted(_: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
}
