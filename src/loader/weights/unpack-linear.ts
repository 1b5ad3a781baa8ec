import { CorruptCheckpoint } from '../../core/errors'
import type { QuantizedRows, Rows } from '../../core/rows'
import type { PackedEncoding, RawRows } from './checkpoint'
import { WORD_CODES } from './packed-linear'
import { toFloat32 } from './to-float32'

/** The middle of 0 … 15, which symmetric quantisation takes for zero. */
const MIDDLE = 8

/** Decodes rows of a GPTQ or AWQ matrix; they become f32 if their groups are not runs of columns. */
export function unpackLinear(raw: RawRows, encoding: PackedEncoding): Rows {
  const { numRows, cols, bytes } = raw
  const { group, scaleType, zeroOffset, isSymmetric } = encoding
  const numGroups = cols / group
  const qweight = new Uint32Array(bytes.buffer, 0, (cols * numRows) / WORD_CODES)
  const qzeros = new Uint32Array(bytes.buffer, qweight.byteLength, (numGroups * numRows) / WORD_CODES)
  const zerosEnd = qweight.byteLength + qzeros.byteLength
  const storedScales = new Float32Array(numGroups * numRows)
  toFloat32(scaleType, bytes.subarray(zerosEnd), storedScales)

  const codes = new Uint8Array(numRows * cols)
  const unpack = encoding.type === 'GPTQ' ? unpackGptq : unpackAwq
  unpack(qweight, numRows, cols, codes)
  const scales = new Float32Array(numRows * numGroups)
  const zeros = new Float32Array(numRows * numGroups)
  const shifts = encoding.type === 'GPTQ' ? GPTQ_SHIFTS : AWQ_SHIFTS
  // added to whole words, as it was taken away: what a zero of 0 borrowed from the next comes back
  const offsets = zeroOffset * 0x11111111
  for (let g = 0; g < numGroups; g++) {
    for (let row = 0; row < numRows; row++) {
      const from = g * numRows + row
      const to = row * numGroups + g
      scales[to] = storedScales[from]
      zeros[to] = ((qzeros[from >> 3] + offsets) >>> shifts[row & 7]) & 15
    }
  }
  if (isSymmetric) checkSymmetric(raw, zeros)
  const rows: QuantizedRows = { bits: 4, group, codes, scales, ...(isSymmetric ? {} : { zeros }) }
  if (!encoding.hasOrder) return rows
  const order = new Int32Array(bytes.buffer, zerosEnd + numGroups * numRows * 2, cols)
  return reordered(raw, codes, scales, zeros, order)
}

/** The bit where each of a word's integers begins, in GPTQ. */
const GPTQ_SHIFTS = [0, 4, 8, 12, 16, 20, 24, 28]
/** The same in AWQ, whose kernels want the even ones in the lower half. */
const AWQ_SHIFTS = [0, 16, 4, 20, 8, 24, 12, 28]

/** Unpacks words [cols / 8, rows], each of which holds 8 columns of a row. */
function unpackGptq(words: Uint32Array, numRows: number, cols: number, codes: Uint8Array): void {
  for (let row = 0; row < numRows; row++) {
    for (let from = row, to = row * cols; from < words.length; from += numRows, to += WORD_CODES) {
      const word = words[from]
      for (let i = 0; i < WORD_CODES; i++) codes[to + i] = (word >>> (4 * i)) & 15
    }
  }
}

/** Unpacks words [cols, rows / 8], each of which holds 8 rows of a column. */
function unpackAwq(words: Uint32Array, numRows: number, cols: number, codes: Uint8Array): void {
  const perCol = numRows / WORD_CODES
  for (let block = 0; block < perCol; block++) {
    for (let col = 0; col < cols; col++) {
      const word = words[col * perCol + block]
      const to = block * WORD_CODES * cols + col
      for (let i = 0; i < WORD_CODES; i++) codes[to + i * cols] = (word >>> AWQ_SHIFTS[i]) & 15
    }
  }
}

function checkSymmetric({ file, name }: RawRows, zeros: Float32Array): void {
  const zero = zeros.find(value => value !== MIDDLE)
  if (zero === undefined) return
  throw new CorruptCheckpoint(
    `${file}: ${name} is symmetric by config.json (sym), but has a zero of ${zero}, not ${MIDDLE}. Is its checkpoint_format right?`,
  )
}

/** Rows as f32, [rows, cols], where the group of column c is order[c]. */
function reordered(
  { file, name, numRows, cols }: RawRows,
  codes: Uint8Array,
  scales: Float32Array,
  zeros: Float32Array,
  order: Int32Array,
): Float32Array<ArrayBuffer> {
  const numGroups = scales.length / numRows
  const wrong = order.findIndex(g => !(g >= 0 && g < numGroups))
  if (wrong >= 0) {
    throw new CorruptCheckpoint(`${file}: input ${wrong} of ${name} is in group ${order[wrong]} of ${numGroups}.`)
  }
  const out = new Float32Array(numRows * cols)
  for (let row = 0; row < numRows; row++) {
    for (let col = 0; col < cols; col++) {
      const group = row * numGroups + order[col]
      out[row * cols + col] = (codes[row * cols + col] - zeros[group]) * scales[group]
    }
  }
  return out
}
