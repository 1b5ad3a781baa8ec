import { CorruptCheckpoint } from '../../core/errors'
import type { Rows } from '../../core/rows'
import { reordered, repeatScales } from './affine-rows'
import type { PackedEncoding, RawRows, Unpacking } from './checkpoint'
import { floatsOf, partsOf } from './parts-of'

type Transposed = Extract<Unpacking, { readonly kind: 'transposed' }>

/** Decodes rows of a GPTQ or AWQ matrix; they become f32 if their groups are not runs of columns. */
export function unpackTransposed(raw: RawRows, encoding: PackedEncoding, unpacking: Transposed): Rows {
  const { numRows, cols } = raw
  const { bits, group, zeroOffset, isSymmetric, isAwq } = unpacking
  const parts = partsOf(raw, encoding)
  const perWord = 32 / bits
  const numGroups = cols / group
  const storedScales = floatsOf(encoding, parts, 'scales')
  const qzeros = new Uint32Array(parts.qzeros.buffer, parts.qzeros.byteOffset, (numGroups * numRows) / perWord)
  const words = new Uint32Array(parts.qweight.buffer, parts.qweight.byteOffset, (cols * numRows) / perWord)
  const codes = new Uint8Array(numRows * cols)
  if (isAwq) unpackAwq(words, numRows, cols, codes)
  else unpackGptq(words, numRows, cols, bits, codes)
  const scales = new Float32Array(numRows * numGroups)
  const zeros = new Float32Array(numRows * numGroups)
  // added to whole words, as it was taken away: what a zero of 0 borrowed from the next comes back
  const offsets = zeroOffset * (bits === 4 ? 0x11111111 : 0x01010101)
  const most = 2 ** bits - 1
  for (let g = 0; g < numGroups; g++) {
    for (let row = 0; row < numRows; row++) {
      const from = g * numRows + row
      const to = row * numGroups + g
      const place = from % perWord
      scales[to] = storedScales[from]
      zeros[to] = ((qzeros[Math.floor(from / perWord)] + offsets) >>> (isAwq ? AWQ_SHIFTS[place] : place * bits)) & most
    }
  }
  if (isSymmetric) checkSymmetric(raw, zeros, 2 ** (bits - 1))
  const rows = { bits, group, codes, scales, zeros: isSymmetric ? undefined : zeros }
  return parts.g_idx ? reordered(raw, rows, parts.g_idx, 'I32') : repeatScales(rows, cols)
}

/** The bits where the integers of a word begin in AWQ, whose kernels want the even ones in the lower half. */
const AWQ_SHIFTS = [0, 16, 4, 20, 8, 24, 12, 28]

/** Unpacks words [cols / perWord, rows], each of which holds columns of a row. */
function unpackGptq(words: Uint32Array, numRows: number, cols: number, bits: 4 | 8, codes: Uint8Array): void {
  const perWord = 32 / bits
  const most = 2 ** bits - 1
  for (let row = 0; row < numRows; row++) {
    for (let from = row, to = row * cols; from < words.length; from += numRows, to += perWord) {
      const word = words[from]
      for (let i = 0; i < perWord; i++) codes[to + i] = (word >>> (bits * i)) & most
    }
  }
}

/** Unpacks words [cols, rows / 8], each of which holds 8 rows of a column. */
function unpackAwq(words: Uint32Array, numRows: number, cols: number, codes: Uint8Array): void {
  const perCol = numRows / 8
  for (let block = 0; block < perCol; block++) {
    for (let col = 0; col < cols; col++) {
      const word = words[col * perCol + block]
      const to = block * 8 * cols + col
      for (let i = 0; i < 8; i++) codes[to + i * cols] = (word >>> AWQ_SHIFTS[i]) & 15
    }
  }
}

function checkSymmetric({ file, name }: RawRows, zeros: Float32Array, middle: number): void {
  const zero = zeros.find(value => value !== middle)
  if (zero === undefined) return
  throw new CorruptCheckpoint(
    `${file}: ${name} is symmetric by config.json (sym), but has a zero of ${zero}, not ${middle}. Is its checkpoint_format right?`,
  )
}
