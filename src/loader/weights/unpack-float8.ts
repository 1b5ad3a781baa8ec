import type { PackedEncoding, RawRows, Unpacking } from './checkpoint'
import { floatsOf, partsOf } from './parts-of'

/** Decodes rows of E4M3 floats, each times the scale of its block. */
export function unpackFloat8(
  raw: RawRows,
  encoding: PackedEncoding,
  { block: [blockRows, blockCols] }: Extract<Unpacking, { readonly kind: 'float8' }>,
): Float32Array<ArrayBuffer> {
  const { firstRow, numRows, cols } = raw
  const parts = partsOf(raw, encoding)
  const scales = floatsOf(encoding, parts, 'scale')
  const blocksPerRow = Math.ceil(cols / blockCols)
  const out = new Float32Array(numRows * cols)
  for (let row = 0, at = 0; row < numRows; row++) {
    const firstScale = Math.floor((firstRow + row) / blockRows) * blocksPerRow
    for (let col = 0; col < cols; col++, at++) {
      out[at] = FLOAT8[parts.weight[at]] * scales[firstScale + Math.floor(col / blockCols)]
    }
  }
  return out
}

/** The value of every byte, by E4M3 (arXiv:2209.05433 §3): no infinities, and NaN where all but the sign is set. */
const FLOAT8 = Float32Array.from({ length: 256 }, (_, byte) => {
  const sign = byte & 128 ? -1 : 1
  const [exponent, mantissa] = [(byte >> 3) & 15, byte & 7]
  if ((byte & 127) === 127) return Number.NaN
  return sign * (exponent === 0 ? mantissa * 2 ** -9 : (8 + mantissa) * 2 ** (exponent - 10))
})
