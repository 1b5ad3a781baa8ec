export const WEIGHT_FORMATS = ['f32', 'f16', 'q8', 'q4'] as const

/** The kinds of numbers that weights are kept as on the GPU. */
export type WeightFormat = (typeof WEIGHT_FORMATS)[number]

/** Integers with a scale, and with `hasZeros` a zero point, for every `group` columns, which divide the columns. */
export interface QuantizedFormat {
  readonly kind: 'q8' | 'q4'
  readonly group: 32 | 64 | 128
  readonly hasZeros: boolean
}

/** The format of one matrix on the GPU; a module `shaders/shared/weights-*.wgsl` reads it. */
export type MatrixFormat = { readonly kind: 'f32' | 'f16' } | QuantizedFormat

/** Rows of a tile: the unit in which matrices are packed, cut and padded. */
export const TILE_ROWS = 16

/** Columns of a block: 16 bytes of neighbouring weights in one row. */
export const BLOCK_COLS: Readonly<Record<WeightFormat, number>> = { f32: 4, f16: 8, q8: 16, q4: 32 }

/** The format of a matrix whose weights are to be kept as `kind`: f16 for integers where no group divides the columns. */
export function matrixFormat(kind: WeightFormat, cols: number): MatrixFormat {
  if (kind === 'f32' || kind === 'f16') return { kind }
  return cols % 32 === 0 ? { kind, group: 32, hasZeros: false } : { kind: 'f16' }
}

export function isQuantized(format: MatrixFormat): format is QuantizedFormat {
  return format.kind === 'q8' || format.kind === 'q4'
}

/** 32-bit words of a tile's weights: its blocks lie in the order [cols / BLOCK_COLS, 16 rows], so that 16 threads read 256 bytes. */
export function tileWords(cols: number, { kind }: MatrixFormat): number {
  return (TILE_ROWS * 4 * cols) / BLOCK_COLS[kind]
}

/**
 * 32-bit words of a tile's scales, in the order [cols / group, 16 rows]: f16 in pairs, the scales of two rows, or scale and
 * zero of one.
 */
export function tileScaleWords(cols: number, format: MatrixFormat): number {
  if (!isQuantized(format)) return 0
  return ((cols / format.group) * TILE_ROWS) / (format.hasZeros ? 1 : 2)
}

/** Bytes that a matrix takes on the GPU, padding included: each part starts at a tile. */
export function matrixBytes(partRows: readonly number[], cols: number, format: MatrixFormat): number {
  return numTiles(partRows) * (tileWords(cols, format) + tileScaleWords(cols, format)) * 4
}

/** Tiles that parts of so many rows take. */
export function numTiles(partRows: readonly number[]): number {
  return partRows.reduce((sum, rows) => sum + Math.ceil(rows / TILE_ROWS), 0)
}
