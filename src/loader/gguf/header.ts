import { CorruptCheckpoint, UnsupportedModel } from '../../core/errors'
import { ByteReader } from '../sources/byte-reader'
import { type ModelSource, missingFile } from '../sources/source'
import { architectureOf } from './architecture'
import { ByteCursor, NeedsMoreBytes } from './byte-cursor'
import type { Metadata } from './metadata'
import { parseMetadata } from './parse-metadata'
import { alignUp, type GgufTensor, parseTensorTable } from './tensor-table'

/** The header of a GGUF file: everything but its weights. */
export interface GgufHeader {
  readonly file: string
  readonly metadata: Metadata
  /** Tensors in file order. */
  readonly tensors: readonly GgufTensor[]
  /** The byte of the file where the weights begin. */
  readonly dataBegin: number
  /** Number of bytes of which each tensor begins at a multiple; the last may be padded to one. */
  readonly alignment: number
}

/** The text "GGUF", little-endian. */
const MAGIC = 0x46554747
const DEFAULT_ALIGNMENT = 32
/** Size of the largest pages of memory, to which a mapped file could be aligned. */
const MAX_ALIGNMENT = 2 ** 16
const FIRST_READ_BYTES = 2 ** 18

/** Reads the header of `file`, from its first byte to where the weights begin. */
export async function readHeader(source: ModelSource, file: string, signal?: AbortSignal): Promise<GgufHeader> {
  const stream = await source.open(file, signal)
  if (!stream) throw missingFile(source, file)
  const reader = new ByteReader(stream, file, signal)
  try {
    let bytes = new Uint8Array(0)
    // twice as much each time: no more memory than the file warrants, whatever it says of itself
    for (let size = FIRST_READ_BYTES; ; size *= 2) {
      const grown = new Uint8Array(size)
      grown.set(bytes)
      bytes = await reader.fill(grown, bytes.length)
      const header = tryParse(bytes, file)
      if (!(header instanceof NeedsMoreBytes)) return header
      if (bytes.length < size) throw truncated(file, bytes.length, header.needed)
    }
  } finally {
    await reader.close()
  }
}

/** The header at the start of `bytes`, a whole file or its beginning. @throws CorruptCheckpoint for a header that goes on */
export function parseHeader(bytes: Uint8Array<ArrayBuffer>, file: string): GgufHeader {
  const header = tryParse(bytes, file)
  if (header instanceof NeedsMoreBytes) throw truncated(file, bytes.length, header.needed)
  return header
}

function truncated(file: string, length: number, needed: number): CorruptCheckpoint {
  return new CorruptCheckpoint(
    `${file} is truncated: it ends at byte ${length}, in the header, which goes on to byte ${needed} at least. Download it again.`,
  )
}

function tryParse(bytes: Uint8Array<ArrayBuffer>, file: string): GgufHeader | NeedsMoreBytes {
  try {
    return parse(new ByteCursor(bytes, file))
  } catch (error) {
    if (error instanceof NeedsMoreBytes) return error
    throw error
  }
}

function parse(cursor: ByteCursor): GgufHeader {
  const { file } = cursor
  const magic = cursor.u32()
  if (magic !== MAGIC) {
    throw new CorruptCheckpoint(`${file} begins with the bytes 0x${magic.toString(16)}, not "GGUF". Is it a GGUF file?`)
  }
  const version = cursor.u32()
  if (version !== 2 && version !== 3) {
    // a big-endian 3 reads as 3 · 2^24
    const what = version % 2 ** 16 === 0 ? 'is big-endian' : `has version ${version} of the format`
    throw new UnsupportedModel(`${file} ${what}; supported are the little-endian versions 2 and 3.`)
  }
  const numTensors = cursor.count('tensors')
  const metadata = parseMetadata(cursor, cursor.count('fields'))
  // before tensors of formats that are unknown too; parts but the first do not say it
  if (metadata.values.has('general.architecture')) architectureOf(metadata)
  const alignment = metadata.count('general.alignment', MAX_ALIGNMENT) ?? DEFAULT_ALIGNMENT
  if (alignment < 1 || !Number.isInteger(Math.log2(alignment))) {
    throw new CorruptCheckpoint(`${file}: general.alignment is ${alignment}, but must be a power of two.`)
  }
  const tensors = parseTensorTable(cursor, numTensors, alignment)
  return { file, metadata, tensors, dataBegin: alignUp(cursor.position, alignment), alignment }
}
