import { FLOAT16_INFINITY, float16Bits } from '../core/float16'

/** How a matrix is kept on the GPU; `shaders/weights-<format>.wgsl` reads it. */
export type WeightFormat = 'f32' | 'f16'

/** Rows of a tile: the unit in which matrices are packed, cut and padded. */
export const TILE_ROWS = 16

/** Consecutive k of one row in a block of 16 bytes. */
export const BLOCK_LEN: Readonly<Record<WeightFormat, number>> = { f32: 4, f16: 8 }

/** 32-bit words of a tile: its blocks lie in the order [cols / BLOCK_LEN, 16 rows], so that 16 threads read 256 bytes. */
export function tileWords(cols: number, format: WeightFormat): number {
  return (TILE_ROWS * 4 * cols) / BLOCK_LEN[format]
}

/** The module by which a shader that imports `weights-f32` reads a matrix of this format. */
export function weightsModule(format: WeightFormat): Readonly<Record<string, string>> {
  return { 'weights-f32': `weights-${format}` }
}

/** Words from one block of a row to its next. */
const BLOCK_STRIDE = TILE_ROWS * 4

/**
 * Packs one row of weights, the f32 bits `weights[start]` and on, into `words`, where its first block starts at `to`.
 * Returns the index in the row of a weight that the format cannot hold, or -1.
 */
export function packRow(
  format: WeightFormat,
  weights: Uint32Array,
  start: number,
  cols: number,
  words: Uint32Array,
  to: number,
): number {
  const end = start + cols
  if (format === 'f32') {
    for (let from = start, block = to; from < end; from += 4, block += BLOCK_STRIDE) {
      for (let j = 0; j < 4; j++) words[block + j] = weights[from + j]
    }
    return -1
  }
  let invalid = -1
  for (let from = start, block = to; from < end; from += 8, block += BLOCK_STRIDE) {
    for (let j = 0; j < 4; j++) {
      const low = float16Bits(weights[from + 2 * j])
      const high = float16Bits(weights[from + 2 * j + 1])
      if ((low & FLOAT16_INFINITY) === FLOAT16_INFINITY) invalid = from + 2 * j - start
      if ((high & FLOAT16_INFINITY) === FLOAT16_INFINITY) invalid = from + 2 * j + 1 - start
      words[block + j] = low | (high << 16)
    }
  }
  return invalid
}
