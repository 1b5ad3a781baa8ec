import { assert } from '../core/assert'
import { OutOfMemory } from '../core/errors'
import type { BufferMaker } from '../gpu/paper'
import { COPY_DST, COPY_SRC, STORAGE } from '../gpu/usage'
import {
  BLOCK_COLS,
  type MatrixFormat,
  matrixBytes,
  numTiles,
  TILE_ROWS,
  tileScaleWords,
  tileWords,
} from './matrix-format'
import type { PackedRows } from './pack'

/** Rows of a matrix that lie in one buffer: whole tiles, but for the last rows of the matrix. */
export interface MatrixSlice {
  /** The buffers by their names in the shaders: `weights`, and `scales` where the format has some. */
  readonly buffers: { readonly weights: GPUBuffer; readonly scales?: GPUBuffer }
  readonly firstRow: number
  readonly numRows: number
}

/** Rows of a part that lie together: `count` of them from its `row` on, from row `at` of the matrix on. */
export interface RowRun {
  readonly row: number
  readonly at: number
  readonly count: number
}

export interface MatrixOptions {
  /** Tiles of the first half of the rows and of the second take turns, as gates and what they are multiplied with. */
  readonly isPaired?: boolean
  /** Bounds the buffers further than the device does. */
  readonly maxSliceBytes?: number
}

/** `cols` must be a multiple of this: the longest block of floats; groups of integers divide them. */
const COLS_MULTIPLE = 8

/**
 * A new matrix of zeros; its content comes with `write`.
 * @throws OutOfMemory when not even 16 rows fit one buffer of this device, or 32 of a paired matrix
 */
export function createMatrix(
  gpu: BufferMaker,
  label: string,
  partRows: readonly number[],
  cols: number,
  format: MatrixFormat,
  { isPaired = false, maxSliceBytes = Number.POSITIVE_INFINITY }: MatrixOptions = {},
): Matrix {
  const multiple = 'group' in format ? format.group : COLS_MULTIPLE
  assert(cols > 0 && cols % multiple === 0, `${label}: ${cols} columns are no multiple of ${multiple}`)
  assert(partRows.length > 0 && partRows.every(rows => rows > 0), `${label}: parts of ${partRows} rows`)
  const { maxStorageBufferBindingSize, maxBufferSize } = gpu.limits
  const limit = Math.min(maxStorageBufferBindingSize, maxBufferSize, maxSliceBytes)
  const unit = isPaired ? 2 : 1
  const unitBytes = unit * tileWords(cols, format) * 4
  if (unitBytes > limit) {
    throw new OutOfMemory(
      `${label}: ${unit * TILE_ROWS} rows of ${cols} take ${unitBytes} bytes; a buffer holds ${limit} here.`,
    )
  }
  return new Matrix(gpu, label, partRows, cols, format, isPaired, Math.floor(limit / unitBytes) * unit)
}

/**
 * Weights [rows, cols] on the GPU, packed as `pack.ts` says, over as many buffers as the device's limits ask for.
 * Matrices that are multiplied by the same x are fused: each is a part, and each part starts at a tile. The rows between
 * one part's end and the next part's start are zero.
 */
export class Matrix {
  /** Outputs of a product: all parts with the padding between them, but not that after the last, unless paired. */
  readonly rows: number
  /** `rows`, up to whole tiles. */
  readonly paddedRows: number
  readonly slices: readonly MatrixSlice[]
  readonly #offsets: readonly number[]
  readonly #gpu: BufferMaker
  readonly #sliceTiles: number

  /** @param sliceTiles tiles in a buffer, whole pairs of them if paired */
  constructor(
    gpu: BufferMaker,
    readonly label: string,
    readonly partRows: readonly number[],
    readonly cols: number,
    readonly format: MatrixFormat,
    readonly isPaired: boolean,
    sliceTiles: number,
  ) {
    this.#gpu = gpu
    this.#sliceTiles = sliceTiles
    this.#offsets = partRows.map((_, part) => numTiles(partRows.slice(0, part)) * TILE_ROWS)
    this.paddedRows = numTiles(partRows) * TILE_ROWS
    this.rows = isPaired ? this.paddedRows : this.#offsets[partRows.length - 1] + partRows[partRows.length - 1]
    const [first, second = 0] = partRows
    assert(
      !isPaired || (partRows.length === 2 ? first === second : partRows.length === 1 && first % (2 * TILE_ROWS) === 0),
      `${label}: parts of ${partRows} rows are no pair`,
    )
    const sliceRows = sliceTiles * TILE_ROWS
    const buffer = (name: string, words: number) => gpu.createBuffer(name, words * 4, STORAGE | COPY_DST | COPY_SRC)
    const scaleWords = tileScaleWords(cols, format)
    this.slices = Array.from({ length: Math.ceil(this.rows / sliceRows) }, (_, index) => {
      const firstRow = index * sliceRows
      const numRows = Math.min(sliceRows, this.rows - firstRow)
      const tiles = numTiles([numRows])
      const weights = buffer(label, tiles * tileWords(cols, format))
      const scales = scaleWords > 0 ? { scales: buffer(`scales of ${label}`, tiles * scaleWords) } : {}
      return { buffers: { weights, ...scales }, firstRow, numRows }
    })
  }

  get bytes(): number {
    return matrixBytes(this.partRows, this.cols, this.format)
  }

  /** Blocks of 16 bytes along a row. */
  get numBlocks(): number {
    return this.cols / BLOCK_COLS[this.format.kind]
  }

  /** The row at which a part starts, so the place of its outputs among the product's; not of a paired matrix. */
  partOffset(part: number): number {
    return this.#offsets[part]
  }

  /** Rows of a part from `firstRow` on, a multiple of 16, in their order. */
  *runs(part: number, firstRow: number, numRows: number): Generator<RowRun> {
    const end = firstRow + numRows
    const longest = this.isPaired ? TILE_ROWS : numRows
    for (let row = firstRow; row < end; row += longest) {
      yield { row, at: this.#place(this.#offsets[part] + row), count: Math.min(longest, end - row) }
    }
  }

  /** Writes rows of a part, from a multiple of 16 on. */
  write(part: number, firstRow: number, { numRows, weights, scales }: PackedRows): void {
    const { cols, format } = this
    assert(
      firstRow % TILE_ROWS === 0 && firstRow + numRows <= this.partRows[part],
      `${this.label}: ${numRows} rows from row ${firstRow} on in part ${part} of ${this.partRows[part]} rows`,
    )
    const tiles = numTiles([numRows])
    const [perTile, scalesPerTile] = [tileWords(cols, format), tileScaleWords(cols, format)]
    assert(
      weights.length === tiles * perTile && scales.length === tiles * scalesPerTile,
      `${this.label}: ${weights.length} and ${scales.length} words are not ${tiles} tiles of ${format.kind}`,
    )
    const { queue } = this.#gpu.device
    for (const run of this.runs(part, firstRow, numRows)) {
      const end = (run.at + run.count) / TILE_ROWS
      let from = (run.row - firstRow) / TILE_ROWS
      for (let tile = run.at / TILE_ROWS; tile < end; ) {
        const place = tile % this.#sliceTiles
        const count = Math.min(Math.ceil(end - tile), this.#sliceTiles - place)
        const { buffers } = this.slices[(tile - place) / this.#sliceTiles]
        const write = (buffer: GPUBuffer, words: Uint32Array<ArrayBuffer>, size: number) =>
          queue.writeBuffer(buffer, place * size * 4, words, from * size, count * size)
        write(buffers.weights, weights, perTile)
        if (buffers.scales) write(buffers.scales, scales, scalesPerTile)
        tile += count
        from += count
      }
    }
  }

  /** Where a row lies that is the first of a tile when the parts lie one below the other. */
  #place(row: number): number {
    if (!this.isPaired) return row
    const half = this.paddedRows / 2
    return row < half ? 2 * row : 2 * (row - half) + TILE_ROWS
  }

  destroy(): void {
    for (const { buffers } of this.slices) {
      for (const buffer of Object.values(buffers)) this.#gpu.destroyBuffer(buffer)
    }
  }
}
