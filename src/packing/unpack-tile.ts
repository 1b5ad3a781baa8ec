import { float16Value } from '../core/float16'
import { BLOCK_COLS, type QuantizedFormat, TILE_ROWS } from '../kernels/matrix-format'
import type { PackedRows } from '../kernels/pack'

/** The first tile of packed integers, as the kernels would read it: f32 [16, cols]. */
export function unpackTile(format: QuantizedFormat, { weights, scales }: PackedRows, cols: number): Float32Array {
  const { kind, group, hasZeros } = format
  const out = new Float32Array(TILE_ROWS * cols)
  const blockCols = BLOCK_COLS[kind]
  const middle = kind === 'q8' ? 128 : 8
  for (let col = 0; col < cols; col += blockCols) {
    for (let row = 0; row < TILE_ROWS; row++) {
      const scaleAt = Math.floor(col / group) * TILE_ROWS + row
      const scaleWord = hasZeros ? scales[scaleAt] : scales[scaleAt >> 1] >>> (16 * (scaleAt & 1))
      const scale = float16Value(scaleWord & 0xffff)
      const zero = hasZeros ? float16Value(scaleWord >>> 16) : middle
      const block = ((col / blockCols) * TILE_ROWS + row) * 4
      for (let i = 0; i < blockCols; i++) {
        const code = kind === 'q8' ? byteOf(weights, block, i) : nibbleOf(weights, block, i)
        out[row * cols + col + i] = (code - zero) * scale
      }
    }
  }
  return out
}

function byteOf(words: Uint32Array, block: number, i: number): number {
  return (words[block + (i >> 2)] >>> (8 * (i & 3))) & 255
}

/** Byte i of word j holds code 8 j + i (low half) and 8 j + 4 + i. */
function nibbleOf(words: Uint32Array, block: number, i: number): number {
  return (words[block + (i >> 3)] >>> (8 * (i & 3) + (i & 4))) & 15
}
