import { assert } from '../core/assert'
import { OutOfMemory } from '../core/errors'
import type { BufferMaker } from '../gpu/paper'
import { COPY_DST, COPY_SRC, STORAGE } from '../gpu/usage'
import {
  BLOCK_LEN,
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
  /** By their names in the shaders: `weights`, and `scales` where the format has some. */
  readonly buffers: { readonly weights: GPUBuffer; readonly scales?: GPUBuffer }
  readonly firstRow: number
  readonly numRows: number
}

/** `cols` must be a multiple of this: the longest block of floats; groups of integers divide them. */
const COLS_MULTIPLE = 8

/**
 * A new matrix of zeros; its content comes with `write`. `maxSliceBytes` bounds its buffers further than the device.
 * @throws OutOfMemory when not even 16 rows fit one buffer of this device
 */
export function createMatrix(
  gpu: BufferMaker,
  label: string,
  partRows: readonly number[],
  cols: number,
  format: MatrixFormat,
  maxSliceBytes = Number.POSITIVE_INFINITY,
): Matrix {
  const multiple = 'group' in format ? format.group : COLS_MULTIPLE
  assert(cols > 0 && cols % multiple === 0, `${label}: ${cols} columns are no multiple of ${multiple}`)
  assert(partRows.length > 0 && partRows.every(rows => rows > 0), `${label}: parts of ${partRows} rows`)
  const { maxStorageBufferBindingSize, maxBufferSize } = gpu.limits
  const limit = Math.min(maxStorageBufferBindingSize, maxBufferSize, maxSliceBytes)
  const tileBytes = tileWords(cols, format) * 4
  if (tileBytes > limit) {
    throw new OutOfMemory(
      `${label}: ${TILE_ROWS} rows of ${cols} take ${tileBytes} bytes; a buffer holds ${limit} here.`,
    )
  }
  return new Matrix(gpu, label, partRows, cols, format, Math.floor(limit / tileBytes))
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
  readonly #gpu: BufferMaker
  readonly #sliceTiles: number

  /** @param sliceTiles tiles that fit one buffer */
  constructor(
    gpu: BufferMaker,
    readonly label: string,
    readonly partRows: readonly number[],
    readonly cols: number,
    readonly format: MatrixFormat,
    sliceTiles: number,
  ) {
    this.#gpu = gpu
    this.#sliceTiles = sliceTiles
    this.#offsets = partRows.map((_, part) => numTiles(partRows.slice(0, part)) * TILE_ROWS)
    this.rows = this.#offsets[partRows.length - 1] + partRows[partRows.length - 1]
    this.paddedRows = numTiles(partRows) * TILE_ROWS
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
    return this.cols / BLOCK_LEN[this.format.kind]
  }

  /** The row at which a part starts, so the place of its outputs among the product's. */
  partOffset(part: number): number {
    return this.#offsets[part]
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
    const first = (this.#offsets[part] + firstRow) / TILE_ROWS
    const { queue } = this.#gpu.device
    for (let tile = first; tile < first + tiles; ) {
      const place = tile % this.#sliceTiles
      const count = Math.min(first + tiles - tile, this.#sliceTiles - place)
      const { buffers } = this.slices[(tile - place) / this.#sliceTiles]
      const write = (buffer: GPUBuffer, words: Uint32Array<ArrayBuffer>, size: number) =>
        queue.writeBuffer(buffer, place * size * 4, words, (tile - first) * size, count * size)
      write(buffers.weights, weights, perTile)
      if (buffers.scales) write(buffers.scales, scales, scalesPerTile)
      tile += count
    }
  }

  destroy(): void {
    for (const { buffers } of this.slices) {
      for (const buffer of Object.values(buffers)) this.#gpu.destroyBuffer(buffer)
    }
  }
}
