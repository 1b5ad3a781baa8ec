import { UnsupportedModel } from '../../core/errors'
import type {
  Checkpoint,
  FileRange,
  PackedEncoding,
  Part,
  PartGatherer,
  RawRows,
  SourceTensor,
  StoredTensor,
  WeightFile,
} from '../weights/checkpoint'
import { slabRows, tensorSize } from '../weights/slab'
import { readingOrder } from './reading-order'

/** Bytes, besides two of the largest parts, that may wait for the last of a matrix: beyond, a file is read in another order. */
const MAX_WAITING_BYTES = 64 * 2 ** 20

type Parts = ReadonlyMap<string, Uint8Array<ArrayBuffer>>

/** Gathers the parts of quantised matrices, and gives out their rows. */
export class GatheredParts implements PartGatherer {
  readonly #checkpoint: Checkpoint
  readonly #expected: ReadonlyMap<string, readonly number[]>
  readonly #maxSlabElements: number
  readonly #maxBytes: number
  readonly #waiting = new Map<string, Parts>()
  #waitingBytes = 0

  constructor(checkpoint: Checkpoint, expected: ReadonlyMap<string, readonly number[]>, maxSlabElements: number) {
    this.#checkpoint = checkpoint
    this.#expected = expected
    this.#maxSlabElements = maxSlabElements
    const parts = checkpoint.files.flatMap(({ stored }) => stored.filter(({ part }) => part !== undefined))
    this.#maxBytes = MAX_WAITING_BYTES + 2 * parts.reduce((most, { begin, end }) => Math.max(most, end - begin), 0)
  }

  order(file: WeightFile): readonly FileRange[] {
    return readingOrder(file, this.#maxBytes)
  }

  add(name: string, { part }: StoredTensor, bytes: Uint8Array<ArrayBuffer>): Iterable<RawRows> {
    const tensor = this.#checkpoint.tensors.get(name)
    if (!tensor || !part || !('parts' in tensor.encoding)) return []
    const { encoding, file } = tensor
    // one that is read otherwise than it says, as zeros of a symmetric matrix, is not waited for
    if (!encoding.parts.some(each => each.name === part)) return []
    const parts = new Map(this.#waiting.get(name)).set(part, bytes)
    this.#waitingBytes += bytes.length
    this.#waiting.set(name, parts)
    if (parts.size === encoding.parts.length) {
      this.#waiting.delete(name)
      for (const { length } of parts.values()) this.#waitingBytes -= length
      return this.#rows(name, tensor, encoding, parts)
    }
    if (this.#waitingBytes > this.#maxBytes) {
      throw new UnsupportedModel(
        `${file}: the parts of ${this.#waiting.size} quantised matrices lie so far apart that ${this.#waitingBytes} bytes would have to be held.`,
      )
    }
    return []
  }

  *#rows(name: string, { file, shape }: SourceTensor, encoding: PackedEncoding, given: Parts): Generator<RawRows> {
    const { totalRows, cols } = tensorSize(this.#expected.get(name) ?? shape)
    const perSlab = slabRows(cols, this.#maxSlabElements)
    for (let firstRow = 0; firstRow < totalRows; firstRow += perSlab) {
      const numRows = Math.min(perSlab, totalRows - firstRow)
      const slices = encoding.parts.map(part => {
        return sliceOf(part, given.get(part.name) ?? new Uint8Array(), { totalRows, cols, firstRow, numRows })
      })
      const parts = encoding.parts.map((part, index) => ({ ...part, numBytes: slices[index].length }))
      yield { file, name, firstRow, numRows, cols, encoding: { ...encoding, parts }, bytes: concat(slices) }
    }
  }
}

interface RowRange {
  readonly totalRows: number
  readonly cols: number
  readonly firstRow: number
  readonly numRows: number
}

/** What some rows have of a part. */
function sliceOf({ cut }: Part, bytes: Uint8Array, { totalRows, cols, firstRow, numRows }: RowRange): Uint8Array {
  if (cut === 'all') return bytes
  const endRow = firstRow + numRows
  if ('count' in cut) {
    const perRow = bytes.length / cut.count / totalRows
    return columns(bytes, bytes.length / cut.count, firstRow * perRow, endRow * perRow)
  }
  const numItems = Math.ceil((totalRows * cols) / cut.per)
  const itemBytes = bytes.length / numItems
  const [first, end] = [Math.floor((firstRow * cols) / cut.per), Math.ceil((endRow * cols) / cut.per)]
  return bytes.subarray(first * itemBytes, end * itemBytes)
}

/** A copy of bytes [begin, end) of each row of `rowBytes`. */
function columns(bytes: Uint8Array, rowBytes: number, begin: number, end: number): Uint8Array<ArrayBuffer> {
  const out = new Uint8Array((bytes.length / rowBytes) * (end - begin))
  for (let from = begin, to = 0; to < out.length; from += rowBytes, to += end - begin) {
    out.set(bytes.subarray(from, from + end - begin), to)
  }
  return out
}

/** All of them, each from a multiple of 4 on. */
function concat(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const out = new Uint8Array(parts.reduce((sum, { length }) => sum + aligned(length), 0))
  let to = 0
  for (const part of parts) {
    out.set(part, to)
    to += aligned(part.length)
  }
  return out
}

function aligned(length: number): number {
  return Math.ceil(length / 4) * 4
}
