import { InvalidRequest } from '../../core/errors'
import type { HubLocation } from './location'

/** Choices that an error lists: a person looks at them. */
const MAX_CHOICES = 20

const PART = /-\d{5}-of-\d{5}(?=\.gguf$)/

/**
 * The GGUF file of a repository that a location means, the first one of a split model; undefined if the repository is one
 * of safetensors and no GGUF file is asked for.
 * @throws InvalidRequest that lists the choices if there is none, or more than one
 */
export function chooseGguf({ id, file, quantization }: HubLocation, paths: readonly string[]): string | undefined {
  const asked = file ?? quantization
  if (asked === undefined && paths.some(isSafetensors)) return undefined
  // a projector (mmproj) belongs to a model, but is none
  const ggufs = firstParts(paths.filter(path => path.endsWith('.gguf') && !path.includes('mmproj')))
  const isWanted = (path: string) => (file === undefined ? !quantization || hasTag(path, quantization) : path === file)
  const wanted = ggufs.filter(isWanted)
  if (wanted.length === 1) return wanted[0]
  if (ggufs.length === 0 && asked === undefined) return undefined

  const count = wanted.length > 0 ? 'several GGUF models' : 'no GGUF model'
  const choices =
    ggufs.length > 0 ? ` Choose a file as ${id}/FILE, or a quantisation as ${id}:NAME. There are ${some(ggufs)}.` : ''
  throw new InvalidRequest(`${id} has ${count}${asked === undefined ? '' : ` for ${asked}`}.${choices}`)
}

/** The file of each model, or the first of its files, in order of names. */
function firstParts(paths: readonly string[]): string[] {
  const models = new Map<string, string>()
  for (const path of [...paths].sort()) {
    const model = path.replace(PART, '')
    if (!models.has(model)) models.set(model, path)
  }
  return [...models.values()]
}

function some(names: readonly string[]): string {
  const rest = names.length > MAX_CHOICES ? ` and ${names.length - MAX_CHOICES} more` : ''
  return names.slice(0, MAX_CHOICES).join(', ') + rest
}

function isSafetensors(path: string): boolean {
  return /^[^/]+\.safetensors$/.test(path)
}

/** Whether a path has a quantisation in its name: `model-Q4_K.gguf` has `Q4_K`, and `model-Q4_K_M.gguf` has not. */
function hasTag(path: string, tag: string): boolean {
  const escaped = tag.replace(/[.]/g, '\\.')
  return new RegExp(`(^|[-./])${escaped}(?=[-./])`, 'i').test(path)
}
