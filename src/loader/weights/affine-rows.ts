import { CorruptCheckpoint } from '../../core/errors'
import type { QuantizedRows, Rows } from '../../core/rows'
import type { RawRows } from './checkpoint'
import { keptGroup } from './kept-group'

/** Integers as `QuantizedRows`, but with groups of any length that divides the columns. */
export interface AffineRows extends Omit<QuantizedRows, 'group'> {
  readonly group: number
}

/** The same rows in groups that we have, of which each says its scale again; as f32 where ours are longer. */
export function repeatScales(rows: AffineRows, cols: number): Rows {
  const { group, scales, zeros } = rows
  const own = keptGroup(group, cols)
  if (own === undefined) return toFloats(rows, cols, column => Math.floor(column / group))
  if (own === group) return { ...rows, group: own }
  const times = group / own
  const repeated = (values: Float32Array) =>
    new Float32Array(values.length * times).map((_, i) => values[Math.floor(i / times)])
  return { ...rows, group: own, scales: repeated(scales), zeros: zeros && repeated(zeros) }
}

/** The rows where the group of column c is order[c]: as f32, unless that is a run of columns all the same. */
export function reordered(
  { file, name, cols }: RawRows,
  rows: AffineRows,
  order: Uint8Array<ArrayBuffer>,
  dtype: 'I32' | 'I64',
): Rows {
  // of I64, the lower half: what is above is 0, or the group is none
  const numbers = new Int32Array(order.buffer, order.byteOffset, order.length / 4)
  const step = dtype === 'I32' ? 1 : 2
  const groupOf = (column: number) => numbers[column * step]
  const numGroups = cols / rows.group
  let isInOrder = true
  for (let column = 0; column < cols; column++) {
    const group = groupOf(column)
    if (group !== Math.floor(column / rows.group)) isInOrder = false
    if (group >= 0 && group < numGroups) continue
    throw new CorruptCheckpoint(`${file}: input ${column} of ${name} is in group ${group} of ${numGroups}.`)
  }
  return isInOrder ? repeatScales(rows, cols) : toFloats(rows, cols, groupOf)
}

/** Rows as f32, [rows, cols]. */
function toFloats(
  { bits, group, codes, scales, zeros }: AffineRows,
  cols: number,
  groupOf: (column: number) => number,
): Float32Array<ArrayBuffer> {
  const groups = Int32Array.from({ length: cols }, (_, column) => groupOf(column))
  const out = new Float32Array(codes.length)
  const middle = 2 ** (bits - 1)
  for (let first = 0, place = 0; first < out.length; first += cols, place += cols / group) {
    for (let column = 0; column < cols; column++) {
      const at = place + groups[column]
      out[first + column] = (codes[first + column] - (zeros ? zeros[at] : middle)) * scales[at]
    }
  }
  return out
}
