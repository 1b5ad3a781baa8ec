import { InvalidRequest } from '../core/errors'
import type { ModelLocation } from '../engine/open/open-source'
import type { EngineOptions } from '../engine/options'
import { packingWorkerUrl } from '../packing/worker-url'
import type { Opening, SharingOptions } from './protocol'

/** Options that stay behind, since they belong to this thread, and the reason. */
const STAYS: Readonly<Record<string, string>> = {
  gpu: 'the worker has a `navigator.gpu` of its own',
  device: 'a device belongs to its thread, and the worker opens its own',
}

/**
 * A location and options as a worker understands them: addresses are whole, since its own is another.
 * @throws InvalidRequest that names what cannot cross
 */
export function crossing(
  location: ModelLocation,
  { packing = {}, ...options }: EngineOptions & SharingOptions,
): Opening {
  for (const [name, value] of Object.entries(options)) {
    if (value === undefined) continue
    if (name in STAYS) throw new InvalidRequest(`Engine option ${name} cannot go into a worker: ${STAYS[name]}.`)
    if (!isData(value)) throw new InvalidRequest(`Engine option ${name} cannot go into a worker: it is more than data.`)
  }
  if (typeof packing?.worker === 'function') {
    throw new InvalidRequest(
      'Engine option packing.worker cannot go into a worker, being a function: packing.workerUrl can.',
    )
  }
  // a bundle's address of the file is known on this side alone
  const workerUrl = absolute(packing?.workerUrl ?? packingWorkerUrl())
  return { location: crossingLocation(location), options: { ...options, packing: { ...packing, workerUrl } } }
}

function crossingLocation(location: ModelLocation): Opening['location'] {
  if (location instanceof URL) return location.href
  if (typeof location !== 'object' || location === null) return isPath(location) ? absolute(location) : location
  if ('open' in location && typeof location.open === 'function') {
    throw new InvalidRequest(
      'A ModelSource cannot go into a worker, being functions. Give a Hugging Face id, a URL, a list of files or a folder.',
    )
  }
  return Symbol.iterator in location ? [...location] : (location as FileSystemDirectoryHandle)
}

/** Whether a text is the way from this page to a folder or file. */
function isPath(location: unknown): location is string {
  return typeof location === 'string' && /^[./~]/.test(location) && globalThis.location !== undefined
}

/** The whole address, by the page's base, which only the platform knows. */
function absolute(url: string | URL): string {
  return globalThis.location ? new Request(url).url : String(url)
}

function isData(value: unknown): boolean {
  try {
    structuredClone(value)
    return true
  } catch {
    return false
  }
}
