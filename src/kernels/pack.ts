import { assert } from '../core/assert'
import { UnsupportedModel } from '../core/errors'
import { FLOAT16_INFINITY, float16Bits } from '../core/float16'
import { dequantize, quantize } from '../core/quantize'
import type { QuantizedRows, Rows } from '../core/rows'
import {
  BLOCK_COLS,
  isQuantized,
  type MatrixFormat,
  type QuantizedFormat,
  TILE_ROWS,
  tileScaleWords,
  tileWords,
} from './matrix-format'

/** Whole tiles of a matrix as they lie on the GPU; the rows beyond `numRows` are zero. */
export interface PackedRows {
  readonly numRows: number
  /** [tiles, cols / BLOCK_COLS, 16 rows, 4 words] */
  readonly weights: Uint32Array<ArrayBuffer>
  /** [tiles, words as `tileScaleWords` says]; empty if the format has no scales */
  readonly scales: Uint32Array<ArrayBuffer>
}

/** The place of rows in a checkpoint, for errors. */
export interface RowsOrigin {
  readonly name: string
  readonly firstRow: number
}

/** Words from one block of a row to its next. */
const BLOCK_STRIDE = TILE_ROWS * 4

/**
 * Packs rows [numRows, cols] into tiles. Integers that the format can hold stay as they are; all else is rounded to it.
 * @throws UnsupportedModel for a weight that the format cannot hold
 */
export function packRows(
  format: MatrixFormat,
  rows: Rows,
  numRows: number,
  cols: number,
  origin: RowsOrigin = { name: 'weights', firstRow: 0 },
): PackedRows {
  const length = rows instanceof Float32Array ? rows.length : rows.codes.length
  assert(length === numRows * cols, `${origin.name}: ${length} weights are not ${numRows} rows of ${cols}`)
  const tiles = Math.ceil(numRows / TILE_ROWS)
  const weights = new Uint32Array(tiles * tileWords(cols, format))
  const scales = new Uint32Array(tiles * tileScaleWords(cols, format))
  let invalid = -1
  if (isQuantized(format)) {
    const integers = holds(format, rows) ? rows : quantize(asFloats(rows), { ...format, bits: bitsOf(format) })
    invalid = packScales(format, integers, cols, scales)
    if (format.kind === 'q4') packNibbles(integers, cols, weights)
    else packBytes(integers, cols, weights)
  } else {
    const bits = bitsOfFloats(asFloats(rows))
    if (format.kind === 'f32') packWords(bits, cols, weights)
    else invalid = packHalves(bits, cols, weights)
  }
  if (invalid >= 0) throw beyond(format, asFloats(rows), invalid, cols, origin)
  return { numRows, weights, scales }
}

/** Whether rows are integers that mean the same in this format. */
function holds(format: QuantizedFormat, rows: Rows): rows is QuantizedRows {
  if (rows instanceof Float32Array) return false
  return rows.bits <= bitsOf(format) && rows.group % format.group === 0 && (format.hasZeros || !rows.zeros)
}

function bitsOf({ kind }: QuantizedFormat): 4 | 8 {
  return kind === 'q8' ? 8 : 4
}

function asFloats(rows: Rows): Float32Array<ArrayBuffer> {
  return rows instanceof Float32Array ? rows : dequantize(rows)
}

function bitsOfFloats({ buffer, byteOffset, length }: Float32Array<ArrayBuffer>): Uint32Array {
  return new Uint32Array(buffer, byteOffset, length)
}

/** The start of a row's first block, in words. */
function rowStart(row: number, blocks: number): number {
  return Math.floor(row / TILE_ROWS) * blocks * BLOCK_STRIDE + (row % TILE_ROWS) * 4
}

function packWords(bits: Uint32Array, cols: number, words: Uint32Array): void {
  const blocks = cols / BLOCK_COLS.f32
  for (let row = 0, from = 0; from < bits.length; row++) {
    let to = rowStart(row, blocks)
    for (const end = from + cols; from < end; from += 4, to += BLOCK_STRIDE) {
      for (let j = 0; j < 4; j++) words[to + j] = bits[from + j]
    }
  }
}

/** Returns the index of a weight that f16 cannot hold, or -1. */
function packHalves(bits: Uint32Array, cols: number, words: Uint32Array): number {
  const blocks = cols / BLOCK_COLS.f16
  let invalid = -1
  for (let row = 0, from = 0; from < bits.length; row++) {
    let to = rowStart(row, blocks)
    for (const end = from + cols; from < end; from += 8, to += BLOCK_STRIDE) {
      for (let j = 0; j < 4; j++) {
        const low = float16Bits(bits[from + 2 * j])
        const high = float16Bits(bits[from + 2 * j + 1])
        if ((low & FLOAT16_INFINITY) === FLOAT16_INFINITY) invalid = from + 2 * j
        if ((high & FLOAT16_INFINITY) === FLOAT16_INFINITY) invalid = from + 2 * j + 1
        words[to + j] = low | (high << 16)
      }
    }
  }
  return invalid
}

/** 16 codes a block, in their order. */
function packBytes({ bits, codes, zeros }: QuantizedRows, cols: number, words: Uint32Array): void {
  const fours = new Uint32Array(codes.buffer, codes.byteOffset, codes.length / 4)
  // codes of 4 bits without zeros mean the same around 128 as around 8
  const shift = bits === 4 && !zeros ? 0x78787878 : 0
  const blocks = cols / BLOCK_COLS.q8
  for (let row = 0, from = 0; from < fours.length; row++) {
    let to = rowStart(row, blocks)
    for (const end = from + cols / 4; from < end; from += 4, to += BLOCK_STRIDE) {
      for (let j = 0; j < 4; j++) words[to + j] = fours[from + j] + shift
    }
  }
}

/** 32 codes a block; byte i of word j holds code 8 j + i (low half) and 8 j + 4 + i. */
function packNibbles({ codes }: QuantizedRows, cols: number, words: Uint32Array): void {
  const fours = new Uint32Array(codes.buffer, codes.byteOffset, codes.length / 4)
  const blocks = cols / BLOCK_COLS.q4
  for (let row = 0, from = 0; from < fours.length; row++) {
    let to = rowStart(row, blocks)
    for (const end = from + cols / 4; from < end; from += 8, to += BLOCK_STRIDE) {
      for (let j = 0; j < 4; j++) words[to + j] = fours[from + 2 * j] | (fours[from + 2 * j + 1] << 4)
    }
  }
}

/** Returns the index of a weight whose scale or zero f16 cannot hold, or -1. */
function packScales(format: QuantizedFormat, integers: QuantizedRows, cols: number, words: Uint32Array): number {
  const { group, codes, scales, zeros } = integers
  const scaleBits = bitsOfFloats(scales)
  const zeroBits = bitsOfFloats(zeros ?? Float32Array.of(format.kind === 'q8' ? 128 : 8))
  let invalid = -1
  for (let from = 0; from < codes.length; from += format.group) {
    const g = Math.floor(from / group)
    const scale = float16Bits(scaleBits[g])
    const zero = float16Bits(zeroBits[zeros ? g : 0])
    if ((scale & FLOAT16_INFINITY) === FLOAT16_INFINITY || (zero & FLOAT16_INFINITY) === FLOAT16_INFINITY)
      invalid = from
    const [row, col] = [Math.floor(from / cols), from % cols]
    const groups = cols / format.group
    const at = (Math.floor(row / TILE_ROWS) * groups + col / format.group) * TILE_ROWS + (row % TILE_ROWS)
    if (format.hasZeros) words[at] = scale | (zero << 16)
    else words[at >> 1] |= scale << (16 * (at & 1))
  }
  return invalid
}

function beyond(
  format: MatrixFormat,
  values: Float32Array,
  index: number,
  cols: number,
  { name, firstRow }: RowsOrigin,
): UnsupportedModel {
  const end = isQuantized(format) ? index + format.group : index + 1
  let worst = index
  for (let i = index; i < end; i++) if (!(Math.abs(values[i]) <= Math.abs(values[worst]))) worst = i
  const [row, col] = [firstRow + Math.floor(worst / cols), worst % cols]
  return new UnsupportedModel(
    `${name}: row ${row}, column ${col} holds ${values[worst]}, beyond what ${format.kind} can hold. Load these weights as f32.`,
  )
}
