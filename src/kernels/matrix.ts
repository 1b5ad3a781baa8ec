import { assert } from '../core/assert'
import { OutOfMemory, UnsupportedModel } from '../core/errors'
import type { Gpu } from '../gpu/device'
import { COPY_DST, COPY_SRC, STORAGE } from '../gpu/usage'
import { BLOCK_LEN, packRow, TILE_ROWS, tileWords, type WeightFormat } from './pack'

export type { WeightFormat }

/** Rows of a matrix that lie in one buffer: whole tiles, but for the last rows of the matrix. */
export interface MatrixSlice {
  readonly buffer: GPUBuffer
  readonly firstRow: number
  readonly numRows: number
}

/** `cols` must be a multiple of this: the longest block. */
const COLS_MULTIPLE = 8

/** Packed in pieces of about this size, in 32-bit words: large enough that the writes do not count. */
const PIECE_WORDS = 1 << 18

/** Bytes that a matrix takes on the GPU, padding included. */
export function matrixBytes(partRows: readonly number[], cols: number, format: WeightFormat): number {
  return numTiles(partRows) * tileWords(cols, format) * 4
}

/**
 * A new matrix of zeros; its content comes with `writeRows`. `maxSliceBytes` bounds its buffers further than the device.
 * @throws OutOfMemory when not even 16 rows fit one buffer of this device
 */
export function createMatrix(
  gpu: Gpu,
  label: string,
  partRows: readonly number[],
  cols: number,
  format: WeightFormat,
  maxSliceBytes = Number.POSITIVE_INFINITY,
): Matrix {
  assert(cols > 0 && cols % COLS_MULTIPLE === 0, `${label}: ${cols} columns are no multiple of ${COLS_MULTIPLE}`)
  assert(partRows.length > 0 && partRows.every(rows => rows > 0), `${label}: parts of ${partRows} rows`)
  const { maxStorageBufferBindingSize, maxBufferSize } = gpu.limits
  const limit = Math.min(maxStorageBufferBindingSize, maxBufferSize, maxSliceBytes)
  const tileBytes = tileWords(cols, format) * 4
  if (tileBytes > limit) {
    throw new OutOfMemory(
      `${label}: ${TILE_ROWS} rows of ${cols} take ${tileBytes} bytes; a buffer holds ${limit} here.`,
    )
  }
  return new Matrix(gpu, label, partRows, cols, format, Math.floor(limit / tileBytes) * TILE_ROWS)
}

/**
 * Weights [rows, cols] on the GPU, packed as `pack.ts` says, over as many buffers as the device's limits ask for.
 * Matrices that are multiplied by the same x are fused: each is a part, and each part starts at a tile. The rows between
 * one part's end and the next part's start are zero.
 */
export class Matrix {
  /** Outputs of a product: all parts with the padding between them, but not that after the last. */
  readonly rows: number
  /** `rows`, up to whole tiles. */
  readonly paddedRows: number
  readonly slices: readonly MatrixSlice[]
  readonly #offsets: readonly number[]
  /** Packed tiles of which some rows are still to come, by index. */
  readonly #edges = new Map<number, { readonly words: Uint32Array<ArrayBuffer>; numRows: number }>()

  /** @param sliceRows rows that fit one buffer, a multiple of 16 */
  readonly #gpu: Gpu
  readonly #sliceRows: number

  constructor(
    gpu: Gpu,
    readonly label: string,
    readonly partRows: readonly number[],
    readonly cols: number,
    readonly format: WeightFormat,
    sliceRows: number,
  ) {
    this.#gpu = gpu
    this.#sliceRows = sliceRows
    this.#offsets = partRows.map((_, part) => numTiles(partRows.slice(0, part)) * TILE_ROWS)
    this.rows = this.#offsets[partRows.length - 1] + partRows[partRows.length - 1]
    this.paddedRows = numTiles(partRows) * TILE_ROWS
    this.slices = Array.from({ length: Math.ceil(this.rows / sliceRows) }, (_, index) => {
      const firstRow = index * sliceRows
      const numRows = Math.min(sliceRows, this.rows - firstRow)
      const bytes = matrixBytes([numRows], cols, format)
      return { buffer: gpu.createBuffer(label, bytes, STORAGE | COPY_DST | COPY_SRC), firstRow, numRows }
    })
  }

  get bytes(): number {
    return matrixBytes(this.partRows, this.cols, this.format)
  }

  /** Blocks of 16 bytes along a row. */
  get numBlocks(): number {
    return this.cols / BLOCK_LEN[this.format]
  }

  /** The row at which a part starts, so the place of its outputs among the product's. */
  partOffset(part: number): number {
    return this.#offsets[part]
  }

  /**
   * Writes rows of a part, given as f32 [numRows, cols]. Any rows in any order, each once: a tile of which some rows are
   * missing is kept on the CPU as well until they have come.
   * @throws UnsupportedModel for a weight that the format cannot hold
   */
  writeRows(part: number, firstRow: number, values: Float32Array): void {
    const { cols, format } = this
    const numRows = values.length / cols
    assert(
      Number.isInteger(numRows) && firstRow >= 0 && firstRow + numRows <= this.partRows[part],
      `${this.label}: ${values.length} weights from row ${firstRow} on in part ${part} of ${this.partRows[part]} rows of ${cols}`,
    )
    const weights = new Uint32Array(values.buffer, values.byteOffset, values.length)
    const perTile = tileWords(cols, format)
    const pieceTiles = Math.max(1, Math.floor(PIECE_WORDS / perTile))
    const first = this.#offsets[part] + firstRow
    const end = first + numRows
    let row = first
    while (row < end) {
      const tile = Math.floor(row / TILE_ROWS)
      const wholeTiles = row % TILE_ROWS === 0 ? Math.floor((end - row) / TILE_ROWS) : 0
      const tiles = Math.min(Math.max(1, wholeTiles), pieceTiles, this.#tilesToSliceEnd(tile))
      const pieceEnd = Math.min(end, (tile + tiles) * TILE_ROWS)
      const words = wholeTiles > 0 ? new Uint32Array(tiles * perTile) : this.#edge(tile, pieceEnd - row)
      for (; row < pieceEnd; row++) {
        const rowStart = (Math.floor(row / TILE_ROWS) - tile) * perTile + (row % TILE_ROWS) * 4
        const from = (row - first) * cols
        const invalid = packRow(format, weights, from, cols, words, rowStart)
        if (invalid >= 0) {
          throw new UnsupportedModel(
            `${this.label}: row ${row - this.#offsets[part]}, column ${invalid} holds ${values[from + invalid]}, beyond what ` +
              `${format} can hold. Load these weights as f32.`,
          )
        }
      }
      this.#upload(tile, words)
    }
  }

  destroy(): void {
    for (const { buffer } of this.slices) this.#gpu.destroyBuffer(buffer)
  }

  #tilesToSliceEnd(tile: number): number {
    const perSlice = this.#sliceRows / TILE_ROWS
    return perSlice - (tile % perSlice)
  }

  #edge(tile: number, numRows: number): Uint32Array<ArrayBuffer> {
    const edge = this.#edges.get(tile) ?? { words: new Uint32Array(tileWords(this.cols, this.format)), numRows: 0 }
    edge.numRows += numRows
    if (edge.numRows < this.#tileRows(tile)) this.#edges.set(tile, edge)
    else this.#edges.delete(tile)
    return edge.words
  }

  /** Rows of a tile that are not padding. */
  #tileRows(tile: number): number {
    const firstRow = tile * TILE_ROWS
    const part = this.#offsets.findLastIndex(offset => offset <= firstRow)
    return Math.min(TILE_ROWS, this.#offsets[part] + this.partRows[part] - firstRow)
  }

  #upload(tile: number, words: Uint32Array<ArrayBuffer>): void {
    const row = tile * TILE_ROWS
    const { buffer, firstRow } = this.slices[Math.floor(row / this.#sliceRows)]
    const offset = ((row - firstRow) / TILE_ROWS) * tileWords(this.cols, this.format) * 4
    this.#gpu.device.queue.writeBuffer(buffer, offset, words)
  }
}

function numTiles(partRows: readonly number[]): number {
  return partRows.reduce((sum, rows) => sum + Math.ceil(rows / TILE_ROWS), 0)
}
