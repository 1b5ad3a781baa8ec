import { abortError, CorruptCheckpoint } from '../core/errors'
import { ByteReader } from './byte-reader'
import { checkNames, checkShapes, checkShard, type TensorShapes } from './check-tensors'
import { type Dtype, headerLength, PREFIX_BYTES, parseHeader, type TensorEntry } from './safetensors'
import { INDEX_FILE, readShardIndex } from './shard-index'
import { type ModelSource, missingFile } from './source'

/** Some whole rows of a tensor. A scalar or vector is one row; a row of others is everything under one first index. */
export interface TensorSlab {
  /** The file it comes from, for errors. */
  readonly file: string
  readonly name: string
  readonly dtype: Dtype
  /** Of the whole tensor, outermost dimension first. */
  readonly shape: readonly number[]
  readonly firstRow: number
  readonly numRows: number
  /** Rows [firstRow, firstRow + numRows), little-endian. Reused: valid until the next slab is asked for. */
  readonly data: Uint8Array<ArrayBuffer>
}

/** How far the weights have come. Bytes are those of tensors: headers do not count. */
export interface LoadProgress {
  readonly file: string
  readonly loadedBytes: number
  /** Of all files; of a sharded checkpoint as its index says, undefined if it does not. */
  readonly totalBytes: number | undefined
  readonly fileLoadedBytes: number
  readonly fileTotalBytes: number
}

export interface StreamOptions {
  readonly signal?: AbortSignal
  readonly onProgress?: (progress: LoadProgress) => void
  /** A slab is at most this large, unless a single row is larger. */
  readonly maxSlabBytes?: number
}

const SINGLE_FILE = 'model.safetensors'
/** Large enough that calls cost nothing, small enough that staging does not show in memory. */
const MAX_SLAB_BYTES = 8 * 2 ** 20

/**
 * Streams the weights of a model, each file once from start to end (a single GET, no range requests), as slabs in file
 * order, so that memory holds one slab and not one tensor. `expected` are exactly the tensors that the model needs:
 * a missing or surplus tensor is `CorruptCheckpoint` before any weight has streamed, a wrong shape before a weight of
 * its file has.
 */
export async function* streamTensors(
  source: ModelSource,
  expected: TensorShapes,
  { signal, onProgress, maxSlabBytes = MAX_SLAB_BYTES }: StreamOptions = {},
): AsyncGenerator<TensorSlab, void, undefined> {
  if (signal?.aborted) throw abortError(signal)
  const single = await source.open(SINGLE_FILE, signal)
  const index = single ? undefined : await readShardIndex(source, signal)
  if (index) checkNames(INDEX_FILE, [...index.namesOf.values()].flat(), expected)
  let finishedBytes = 0

  for (const file of index?.namesOf.keys() ?? [SINGLE_FILE]) {
    const stream = single ?? (await source.open(file, signal))
    if (!stream) throw missingFile(source, file)
    const reader = new ByteReader(stream, file, signal)
    try {
      const entries = await readHeader(reader)
      const names = entries.map(entry => entry.name)
      if (index) checkShard(file, names, index.namesOf.get(file) ?? [])
      else checkNames(file, names, expected)
      checkShapes(file, entries, expected)

      const fileTotalBytes = entries.at(-1)?.end ?? 0
      const totalBytes = index ? index.totalBytes : fileTotalBytes
      const headerBytes = reader.bytesRead
      for (const entry of entries) {
        const isNeeded = expected.has(entry.name)
        // Nobody has checked the shape of a tensor that we skip: read it in bytes, or one row might fill the memory.
        const rows = isNeeded ? entry : { ...entry, shape: [entry.end - entry.begin, 1] }
        for await (const slab of readSlabs(reader, rows, maxSlabBytes)) {
          if (isNeeded) yield slab
          const fileLoadedBytes = reader.bytesRead - headerBytes
          const loadedBytes = finishedBytes + fileLoadedBytes
          onProgress?.({ file, loadedBytes, totalBytes, fileLoadedBytes, fileTotalBytes })
        }
      }
      finishedBytes += fileTotalBytes
      await checkEnd(reader)
    } finally {
      await reader.close()
    }
  }
}

async function readHeader(reader: ByteReader): Promise<TensorEntry[]> {
  const prefix = new Uint8Array(PREFIX_BYTES)
  await readExactly(reader, prefix, 'in its first 8 bytes')
  const header = new Uint8Array(headerLength(prefix, reader.file))
  await readExactly(reader, header, 'in the header')
  return parseHeader(header, reader.file)
}

async function* readSlabs(reader: ByteReader, entry: TensorEntry, maxSlabBytes: number): AsyncGenerator<TensorSlab> {
  const { name, dtype, shape, begin, end } = entry
  const totalRows = shape.length > 1 ? shape[0] : 1
  const rowBytes = (end - begin) / totalRows
  const fitting = Math.max(1, Math.floor(maxSlabBytes / rowBytes))
  // matrices are packed in tiles of 16 rows
  const rowsPerSlab = fitting < 16 ? fitting : fitting - (fitting % 16)
  const buffer = new Uint8Array(Math.min(rowsPerSlab, totalRows) * rowBytes)
  for (let firstRow = 0; firstRow < totalRows; firstRow += rowsPerSlab) {
    const numRows = Math.min(rowsPerSlab, totalRows - firstRow)
    const data = buffer.subarray(0, numRows * rowBytes)
    await readExactly(reader, data, `in tensor ${name}, row ${firstRow} of ${totalRows}`)
    yield { file: reader.file, name, dtype, shape, firstRow, numRows, data }
  }
}

async function readExactly(reader: ByteReader, target: Uint8Array, where: string): Promise<void> {
  const begin = reader.bytesRead
  const length = await reader.readInto(target)
  if (length === target.length) return
  throw new CorruptCheckpoint(
    `${reader.file} is truncated: it ends at byte ${begin + length}, ${where}, which goes on to byte ${begin + target.length}. Download it again.`,
  )
}

async function checkEnd(reader: ByteReader): Promise<void> {
  const end = reader.bytesRead
  if ((await reader.readInto(new Uint8Array(1))) > 0) {
    throw new CorruptCheckpoint(`${reader.file} goes on after byte ${end}, where its header says that it ends.`)
  }
}
