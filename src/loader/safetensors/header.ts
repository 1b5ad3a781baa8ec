import { CorruptCheckpoint, UnsupportedModel } from '../../core/errors'
import { brief, isJsonObject, parseJsonObject } from '../../core/json'
import { DTYPE_BYTES, STORED_BYTES, type StoredDtype } from '../weights/dtype'

/** A tensor and its place in a safetensors file. */
export interface TensorEntry {
  readonly name: string
  readonly dtype: StoredDtype
  /** Dimensions, outermost first; empty for a scalar. */
  readonly shape: readonly number[]
  /** The first byte, and with `end` the byte after the last, counted from the end of the header. */
  readonly begin: number
  readonly end: number
}

/** Bytes before the JSON header: its length, a little-endian u64. */
export const PREFIX_BYTES = 8

/** Longest header, as the format's reference implementation limits it; a tensor takes about 100 bytes there. */
export const MAX_HEADER_BYTES = 100_000_000

/** Length in bytes of the JSON header that follows `prefix` (8 bytes). */
export function headerLength(prefix: Uint8Array, file: string): number {
  const length = new DataView(prefix.buffer, prefix.byteOffset).getBigUint64(0, true)
  if (length < 2n || length > BigInt(MAX_HEADER_BYTES)) {
    throw new CorruptCheckpoint(
      `${file} says its header has ${length} bytes; it must have 2 to ${MAX_HEADER_BYTES}. Is it a safetensors file?`,
    )
  }
  return Number(length)
}

/**
 * Reads a safetensors header (the JSON, without its length) into entries in file order, which fill the bytes from 0
 * to the last one's end without gap or overlap. Format: https://github.com/huggingface/safetensors#format.
 * Tensors need not be aligned: the format does not promise it, and readers here copy.
 */
export function parseHeader(header: Uint8Array, file: string): TensorEntry[] {
  const text = decodeUtf8(header, file)
  const fields = parseJsonObject(text, `${file}: the header`)
  checkUniqueNames(text, file)
  const entries = Object.entries(fields)
    .filter(([name]) => name !== '__metadata__')
    .map(([name, field]) => parseEntry(name, field, file))
    .sort((a, b) => a.begin - b.begin || a.end - b.end)
  checkContiguous(entries, file)
  return entries
}

function decodeUtf8(bytes: Uint8Array, file: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch (cause) {
    throw new CorruptCheckpoint(`${file}: the header (${bytes.length} bytes) is not valid UTF-8.`, { cause })
  }
}

/** Refuses a header with two equal keys, of which `JSON.parse` silently keeps the last. */
function checkUniqueNames(json: string, file: string): void {
  const names = new Set<string>()
  for (const name of topLevelKeys(json)) {
    if (names.has(name)) throw new CorruptCheckpoint(`${file}: tensor ${name} appears twice in the header.`)
    names.add(name)
  }
}

/**
 * The keys of a valid JSON object as they are written, and any strings among its values, which a header has not
 * (if it had, `parseEntry` would say so). A loop: a regular expression's stack overflows on a name of some megabytes.
 */
function* topLevelKeys(json: string): Generator<string> {
  let depth = 0
  for (let i = 0; i < json.length; i++) {
    const char = json[i]
    if (char === '{' || char === '[') depth++
    else if (char === '}' || char === ']') depth--
    else if (char === '"') {
      const begin = i
      for (i++; json[i] !== '"'; i++) if (json[i] === '\\') i++
      if (depth === 1) yield JSON.parse(json.slice(begin, i + 1))
    }
  }
}

function parseEntry(name: string, field: unknown, file: string): TensorEntry {
  const corrupt = (what: string) => new CorruptCheckpoint(`${file}: tensor ${name} ${what}.`)
  if (!isJsonObject(field)) throw corrupt(`must be an object, but is ${brief(field)}`)
  const { dtype, shape, data_offsets: offsets } = field
  if (!isDtype(dtype)) {
    throw new UnsupportedModel(
      `${file}: tensor ${name} has dtype ${brief(dtype)}; supported are ${Object.keys(DTYPE_BYTES).join(', ')}.`,
    )
  }
  if (!isSizeList(shape)) throw corrupt(`has shape ${brief(shape)}, which is not a list of sizes`)
  if (!isSizeList(offsets) || offsets.length !== 2 || offsets[0] > offsets[1]) {
    throw corrupt(`has data_offsets ${brief(offsets)}, which are not [begin, end]`)
  }
  const [begin, end] = offsets
  const numBytes = shape.reduce((product, size) => product * size, STORED_BYTES[dtype])
  if (numBytes !== end - begin) {
    throw corrupt(
      `of shape [${shape}] in ${dtype} takes ${numBytes} bytes, but its data_offsets [${offsets}] hold ${end - begin}`,
    )
  }
  return { name, dtype, shape, begin, end }
}

function checkContiguous(entries: readonly TensorEntry[], file: string): void {
  let end = 0
  for (const { name, begin, end: next } of entries) {
    if (begin !== end) {
      const what = begin < end ? 'overlaps the tensor before it' : 'leaves a gap before it'
      throw new CorruptCheckpoint(`${file}: tensor ${name} begins at byte ${begin} and ${what}, which ends at ${end}.`)
    }
    end = next
  }
}

function isDtype(value: unknown): value is StoredDtype {
  return typeof value === 'string' && Object.hasOwn(STORED_BYTES, value)
}

function isSizeList(value: unknown): value is number[] {
  return Array.isArray(value) && value.every(size => Number.isSafeInteger(size) && size >= 0)
}
