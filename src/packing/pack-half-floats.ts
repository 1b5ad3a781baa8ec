import { FLOAT16_INFINITY, float16Bits } from '../core/float16'
import { TILE_ROWS, tileWords } from '../kernels/matrix-format'
import type { PackedRows } from '../kernels/pack'
import type { RawRows } from '../loader/weights/checkpoint'

const TO_F16: Readonly<Record<string, (half: number) => number>> = {
  BF16: half => float16Bits(half << 16),
  F16: half => half,
}

/** u16 [65536], by type: the f16 of each of its numbers. */
const tables = new Map<string, Uint16Array>()

/**
 * Packs rows of 16-bit floats as f16, as `packRows` does, but without the f32 between: most checkpoints come so, and the
 * packing of each weight bounds how fast they load from a disk. Undefined for rows of something else, and for those with
 * a number that is infinite or none in f16, which the longer way names.
 */
export function packHalfFloats({ encoding, bytes, numRows, cols }: RawRows): PackedRows | undefined {
  const toF16 = TO_F16[encoding.type]
  if (!toF16 || 'parts' in encoding || encoding.headDim !== undefined || encoding.layout) return undefined
  const table = tables.get(encoding.type) ?? Uint16Array.from({ length: 2 ** 16 }, (_, half) => toF16(half))
  tables.set(encoding.type, table)
  const pairs = new Uint32Array(bytes.buffer, bytes.byteOffset, (numRows * cols) / 2)
  const weights = new Uint32Array(Math.ceil(numRows / TILE_ROWS) * tileWords(cols, { kind: 'f16' }))
  // both halves' exponents, plus one: the bit above is set where all of an exponent's were
  const [exponents, ones] = [FLOAT16_INFINITY * 0x10001, 0x04000400]
  let carries = 0
  for (let row = 0, from = 0; row < numRows; row++) {
    const tile = Math.floor(row / TILE_ROWS)
    let to = (tile * TILE_ROWS * cols) / 2 + (row % TILE_ROWS) * 4
    for (const end = from + cols / 2; from < end; from += 4, to += TILE_ROWS * 4) {
      for (let j = 0; j < 4; j++) {
        const pair = pairs[from + j]
        const word = table[pair & 0xffff] | (table[pair >>> 16] << 16)
        carries |= (word & exponents) + ones
        weights[to + j] = word
      }
    }
  }
  return (carries & 0x80008000) === 0 ? { numRows, weights, scales: new Uint32Array(0) } : undefined
}
