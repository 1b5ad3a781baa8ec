import { dequantize } from '../core/quantize'
import type { Rows } from '../core/rows'
import { isQuantized, type MatrixFormat, TILE_ROWS } from '../kernels/matrix-format'
import { type PackedRows, packRows } from '../kernels/pack'
import type { RawRows } from '../loader/weights/checkpoint'
import { decodeRows } from '../loader/weights/decode-rows'
import { packHalfFloats } from './pack-half-floats'
import { unpackTile } from './unpack-tile'

/** Rows as their file has them, and as what the GPU shall keep them. Plain data. */
export interface Slab {
  readonly raw: RawRows
  /** Undefined: a vector, which stays f32. */
  readonly format: MatrixFormat | undefined
}

/** Rows as the GPU keeps them. Plain data, whose arrays can be transferred. */
export interface PackedSlab {
  readonly rows: PackedRows | Float32Array<ArrayBuffer>
  /** The loss by rounding; undefined for what the format holds exactly. */
  readonly loss: Loss | undefined
}

/** The errors of the first rows of a slab: a sample, which tells as much as all and costs little. */
export interface Loss {
  /** Σ (kept − given)² */
  readonly squaredError: number
  /** Σ given² */
  readonly squaredSum: number
}

/**
 * Decodes rows and packs them: all that is done to weights between file and GPU.
 * @throws CorruptCheckpoint · UnsupportedModel
 */
export function packSlab({ raw, format }: Slab): PackedSlab {
  const { name, firstRow, numRows, cols } = raw
  const halves = format?.kind === 'f16' ? packHalfFloats(raw) : undefined
  if (halves) return { rows: halves, loss: undefined }
  const rows = decodeRows(raw, format !== undefined && isQuantized(format))
  if (!format) return { rows: rows instanceof Float32Array ? rows : dequantize(rows), loss: undefined }
  const packed = packRows(format, rows, numRows, cols, { name, firstRow })
  return {
    rows: packed,
    loss: isQuantized(format) ? measureLoss(raw, rows, unpackTile(format, packed, cols)) : undefined,
  }
}

/** The loss of the first tile; `kept`: f32 [16, cols]. */
function measureLoss(raw: RawRows, rows: Rows, kept: Float32Array): Loss {
  const given = firstRows(raw, rows)
  let squaredError = 0
  let squaredSum = 0
  for (let i = 0; i < Math.min(kept.length, given.length); i++) {
    squaredError += (kept[i] - given[i]) ** 2
    squaredSum += given[i] ** 2
  }
  return { squaredError, squaredSum }
}

/** At least the first tile of what the file says, as f32. */
function firstRows(raw: RawRows, rows: Rows): Float32Array {
  if (rows instanceof Float32Array) return rows
  const { numRows, cols, encoding, bytes } = raw
  if ('parts' in encoding) {
    // integers in parts are taken as they are
    const [length, groups] = [TILE_ROWS * cols, (TILE_ROWS * cols) / rows.group]
    const [codes, scales] = [rows.codes.subarray(0, length), rows.scales.subarray(0, groups)]
    return dequantize({ ...rows, codes, scales, zeros: rows.zeros?.subarray(0, groups) })
  }
  const wanted = Math.min(numRows, Math.ceil(TILE_ROWS / (encoding.headDim ?? 1)) * (encoding.headDim ?? 1))
  const some = decodeRows({ ...raw, numRows: wanted, bytes: bytes.slice(0, (bytes.length / numRows) * wanted) }, false)
  return some instanceof Float32Array ? some : dequantize(some)
}
