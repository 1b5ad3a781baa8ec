import { InvalidRequest } from '../../core/errors'
import { listed } from '../../core/listed'
import type { HubLocation } from './location'

/** The room that a model's weights may take, and where the number comes from, for people. */
export interface WeightRoom {
  readonly bytes: number
  readonly reason: string
}

/** The files of a repository that are the model meant; neither: its plain safetensors. */
export interface ChosenVariant {
  /** The GGUF file, the first one of a split model. */
  readonly gguf?: string
  /** The name between `model` and `.safetensors`: `fp16`. */
  readonly variant?: string
  /** The choice, for people, where there was one. */
  readonly decision?: string
}

/** One of several forms of a model. */
interface Variant extends Pick<ChosenVariant, 'gguf' | 'variant'> {
  /** Path of its file, the first one if it is split. */
  readonly path: string
  readonly bytes: number
}

/** Choices that an error lists: a person looks at them. */
export const MAX_CHOICES = 20

const PART = /-\d{5}-of-\d{5}(?=\.gguf$)/
/** Names of quantisations and float formats in files' names; with what Unsloth puts before its own. */
const TAG = /(?:^|[-._])(?:UD-)?(?:I?Q\d\w*|TQ\d_\d|MXFP4(?:_MOE)?|B?F16|F32|FP16|FP32)(?=[-.])/i
const OF_FLOATS = /[-._](?:B?F16|F32|FP16|FP32)[-.]/i
/** Names of a variant's safetensors: a single file, an index, and shards, which are written in two ways. */
const VARIANT =
  /^model(?:\.(\w+)\.safetensors|\.safetensors\.index\.(\w+)\.json|\.(\w+)-\d+-of-\d+\.safetensors|-\d+-of-\d+\.(\w+)\.safetensors)$/
/** Formats of less than 4 bits with lattices, which are not read. */
const UNREADABLE = /[-._]IQ[123]_?\w*[-.]/i

/**
 * The files that a location means. Plain safetensors come first; of several GGUF files of one model, or several variants of its
 * safetensors, the largest that takes at most `room`, floats only where nothing else is there; else the smallest.
 * @throws InvalidRequest that lists the choices if there is none, or if they are of several models
 */
export function chooseVariant(
  { id, file, quantization }: HubLocation,
  files: ReadonlyMap<string, { readonly bytes: number }>,
  room: WeightRoom,
): ChosenVariant {
  const asked = file ?? quantization
  const ggufs = ggufVariants(files)
  const variants = [...ggufs, ...safetensorsVariants(files)]
  if (asked !== undefined) {
    const wanted = variants.filter(({ path, variant }) =>
      file === undefined ? variant === asked || hasTag(path, asked) : path === file,
    )
    if (wanted.length === 1) return named(wanted[0])
    throw unclear(id, `${wanted.length > 0 ? 'several models' : 'no model'} for ${asked}`, variants)
  }
  if (isPlain(files) || variants.length === 0) return {}
  const offered = ggufs.length > 0 ? ggufs : variants
  if (offered.length === 1) return named(offered[0])
  if (new Set(offered.map(modelName)).size > 1) throw unclear(id, 'several GGUF models', offered)
  const readable = offered.filter(({ path }) => !UNREADABLE.test(path))
  const integers = readable.filter(({ path }) => !OF_FLOATS.test(path))
  const bySize = (integers.length > 0 ? integers : readable.length > 0 ? readable : offered).sort(
    (a, b) => b.bytes - a.bytes || (a.path < b.path ? -1 : 1),
  )
  const fitting = bySize.find(({ bytes }) => bytes <= room.bytes)
  const chosen = fitting ?? bySize[bySize.length - 1]
  const why = fitting
    ? `the largest of at most ${gib(room.bytes)} (${room.reason})`
    : `the smallest, none has at most ${gib(room.bytes)} (${room.reason})`
  const decision = `${chosen.path} of ${offered.length} variants, ${gib(chosen.bytes)}: ${why}; ${id}:NAME chooses another`
  return { ...named(chosen), decision }
}

function named({ gguf, variant }: Variant): ChosenVariant {
  return { gguf, variant }
}

/** Each GGUF model, with all of its parts, in order of names. */
function ggufVariants(files: ReadonlyMap<string, { readonly bytes: number }>): Variant[] {
  const models = new Map<string, Variant>()
  for (const [path, { bytes }] of [...files].sort(([a], [b]) => (a < b ? -1 : 1))) {
    // a projector belongs to a model, and a matrix of importances to its quantisation, but neither is one
    if (!path.endsWith('.gguf') || /mmproj|imatrix/i.test(path)) continue
    const model = path.replace(PART, '')
    const { path: first = path, bytes: before = 0 } = models.get(model) ?? {}
    models.set(model, { gguf: first, path: first, bytes: before + bytes })
  }
  return [...models.values()]
}

/** `model.fp16.safetensors`, or an index and shards of such names, as transformers' option `variant` has them. */
function safetensorsVariants(files: ReadonlyMap<string, { readonly bytes: number }>): Variant[] {
  const variants = new Map<string, Variant>()
  for (const [path, { bytes }] of files) {
    const variant = variantIn(path)
    if (variant === undefined) continue
    const before = variants.get(variant)
    const isWhole = !path.includes('-of-')
    variants.set(variant, {
      variant,
      path: isWhole || !before ? path : before.path,
      bytes: (before?.bytes ?? 0) + (path.endsWith('.json') ? 0 : bytes),
    })
  }
  return [...variants.values()]
}

/** The variant that a file of safetensors or an index belongs to by its name; undefined for plain ones. */
export function variantIn(path: string): string | undefined {
  return VARIANT.exec(path)
    ?.slice(1)
    .find(name => name !== undefined)
}

function isPlain(files: ReadonlyMap<string, unknown>): boolean {
  return [...files.keys()].some(path => /^model(-\d+-of-\d+)?\.safetensors(\.index\.json)?$/.test(path))
}

/** The name of a file without its folder and quantisation: that of the model which it is a variant of. */
function modelName({ path }: Variant): string {
  const name = path.slice(path.lastIndexOf('/') + 1).replace(PART, '')
  return name.replace(TAG, '').toLowerCase()
}

/** Whether a path has a quantisation in its name: `model-Q4_K.gguf` has `Q4_K`, and `model-Q4_K_M.gguf` has not. */
function hasTag(path: string, tag: string): boolean {
  const escaped = tag.replace(/[.]/g, '\\.')
  return path.endsWith('.gguf') && new RegExp(`(^|[-._/])${escaped}(?=[-./])`, 'i').test(path)
}

function unclear(id: string, what: string, variants: readonly Variant[]): InvalidRequest {
  const names = variants.map(({ path }) => path)
  const choices =
    names.length > 0
      ? ` Choose a GGUF file as ${id}/FILE, or a variant as ${id}:NAME. There are ${listed(names, MAX_CHOICES)}.`
      : ''
  return new InvalidRequest(`${id} has ${what}.${choices}`)
}

function gib(bytes: number): string {
  return `${(bytes / 2 ** 30).toFixed(2)} GiB`
}
