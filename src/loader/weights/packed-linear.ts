import { UnsupportedModel } from '../../core/errors'
import type { Checkpoint, PackedPart, RawRows, SourceTensor, StoredTensor } from './checkpoint'
import { slabRows } from './slab'

/** Integers in a word of 32 bits. */
export const WORD_CODES = 8

/** Bytes, besides two of the largest matrices, that may wait for their last parts: beyond, a file is not made for streaming. */
const MAX_WAITING_BYTES = 64 * 2 ** 20

type Parts = Partial<Record<PackedPart, Uint8Array<ArrayBuffer>>>

/** Gathers the parts of quantised matrices, which files hold in any order, and gives out their rows. */
export class PackedLinears {
  readonly #checkpoint: Checkpoint
  readonly #maxSlabElements: number
  readonly #maxBytes: number
  readonly #numParts = new Map<string, number>()
  readonly #waiting = new Map<string, Parts>()
  #waitingBytes = 0

  constructor(checkpoint: Checkpoint, maxSlabElements: number) {
    this.#checkpoint = checkpoint
    this.#maxSlabElements = maxSlabElements
    let largest = 0
    for (const { tensor, part, begin, end } of checkpoint.files.flatMap(({ stored }) => stored)) {
      if (tensor === undefined || part === undefined) continue
      this.#numParts.set(tensor, (this.#numParts.get(tensor) ?? 0) + 1)
      largest = Math.max(largest, end - begin)
    }
    this.#maxBytes = 2 * largest + MAX_WAITING_BYTES
  }

  /** Adds a part of the matrix `name`; gives its rows if this was the last. */
  add(name: string, { part }: StoredTensor, bytes: Uint8Array<ArrayBuffer>): Iterable<RawRows> {
    const tensor = this.#checkpoint.tensors.get(name)
    if (!tensor || !part) return []
    const parts: Parts = { ...this.#waiting.get(name), [part]: bytes }
    this.#waitingBytes += bytes.length
    this.#waiting.set(name, parts)
    if (Object.keys(parts).length === this.#numParts.get(name)) {
      this.#waiting.delete(name)
      for (const { length } of Object.values(parts)) this.#waitingBytes -= length
      return this.#rows(name, tensor, parts)
    }
    if (this.#waitingBytes > this.#maxBytes) {
      throw new UnsupportedModel(
        `${tensor.file}: the parts of ${this.#waiting.size} quantised matrices lie so far apart that ${this.#waitingBytes} bytes would have to be held.`,
      )
    }
    return []
  }

  *#rows(name: string, { file, shape, encoding }: SourceTensor, parts: Parts): Generator<RawRows> {
    if (!('group' in encoding)) return
    const [totalRows, cols] = shape
    const { qweight, qzeros, scales, g_idx: order } = parts
    if (!qweight || !qzeros || !scales) return
    const hasOrder = order !== undefined && !isInOrder(order, encoding.group)
    const perWord = (rows: number) => (rows / WORD_CODES) * 4
    const weightColumn = encoding.type === 'GPTQ' ? (rows: number) => rows * 4 : perWord
    const perSlab = slabRows(cols, this.#maxSlabElements)
    for (let firstRow = 0; firstRow < totalRows; firstRow += perSlab) {
      const numRows = Math.min(perSlab, totalRows - firstRow)
      const end = firstRow + numRows
      const bytes = concat([
        columns(qweight, weightColumn(totalRows), weightColumn(firstRow), weightColumn(end)),
        columns(qzeros, perWord(totalRows), perWord(firstRow), perWord(end)),
        columns(scales, totalRows * 2, firstRow * 2, end * 2),
        ...(hasOrder ? [order] : []),
      ])
      yield { file, name, firstRow, numRows, cols, encoding: { ...encoding, hasOrder }, bytes }
    }
  }
}

/** A copy of bytes [begin, end) of each row of `rowBytes`. */
function columns(bytes: Uint8Array, rowBytes: number, begin: number, end: number): Uint8Array<ArrayBuffer> {
  const out = new Uint8Array((bytes.length / rowBytes) * (end - begin))
  for (let from = begin, to = 0; to < out.length; from += rowBytes, to += end - begin) {
    out.set(bytes.subarray(from, from + end - begin), to)
  }
  return out
}

function concat(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const out = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0))
  let to = 0
  for (const part of parts) {
    out.set(part, to)
    to += part.length
  }
  return out
}

/** Whether groups are runs of `group` inputs. */
function isInOrder(order: Uint8Array<ArrayBuffer>, group: number): boolean {
  return new Int32Array(order.buffer).every((value, input) => value === Math.floor(input / group))
}
