import { CorruptCheckpoint } from '../../core/errors'
import type { Rows } from '../../core/rows'
import { GROUP } from '../gguf/block'
import { formatNamed } from '../gguf/formats'
import { splitHeadPairs } from '../gguf/head-order'
import type { PackedEncoding, RawRows, RowEncoding } from './checkpoint'
import { restoreValues } from './tensor-layout'
import { firstNonFinite } from './to-float32'
import { unpackFloat4 } from './unpack-float4'
import { unpackFloat8 } from './unpack-float8'
import { unpackIntegers } from './unpack-integers'
import { unpackTransposed } from './unpack-transposed'

/**
 * Decodes rows, and gives them in the order of the graph. Quantised rows stay integers if `wantsIntegers` and their format
 * has integers that can be kept; those of a matrix in parts always do.
 * @throws CorruptCheckpoint for a NaN or an infinity: no trained model has one, and one poisons every answer
 */
export function decodeRows(raw: RawRows, wantsIntegers: boolean): Rows {
  const { encoding } = raw
  const rows = 'parts' in encoding ? unpack(raw, encoding) : decodeBlocks(raw, encoding, wantsIntegers)
  if (rows instanceof Float32Array) checkFinite(raw, rows, raw.cols)
  else {
    checkFinite(raw, rows.scales, raw.cols / rows.group)
    if (rows.zeros) checkFinite(raw, rows.zeros, raw.cols / rows.group)
  }
  return rows
}

function unpack(raw: RawRows, encoding: PackedEncoding): Rows {
  const { unpacking } = encoding
  switch (unpacking.kind) {
    case 'transposed':
      return unpackTransposed(raw, encoding, unpacking)
    case 'integers':
      return unpackIntegers(raw, encoding, unpacking)
    case 'float8':
      return unpackFloat8(raw, encoding, unpacking)
    case 'float4':
      return unpackFloat4(raw, encoding)
  }
}

function decodeBlocks(raw: RawRows, { type, headDim, layout }: RowEncoding, wantsIntegers: boolean): Rows {
  const { numRows, cols } = raw
  const { integers, decode } = formatNamed(type)
  // a vector's rows are its elements
  const numUnits = numRows === 1 && headDim !== undefined ? cols : numRows
  const bytes = headDim === undefined ? raw.bytes : splitHeadPairs(raw.bytes, headDim, raw.bytes.length / numUnits)
  const length = numRows * cols
  if (!integers || !wantsIntegers) {
    const values = new Float32Array(length)
    decode(bytes, values)
    return layout ? restoreValues(values, layout, numRows) : values
  }
  const rows = {
    bits: integers.bits,
    group: GROUP,
    codes: new Uint8Array(length),
    scales: new Float32Array(length / GROUP),
    zeros: integers.hasZeros ? new Float32Array(length / GROUP) : undefined,
  } as const
  integers.repack(bytes, rows)
  return rows
}

function checkFinite({ file, name, firstRow }: RawRows, values: Float32Array, rowLen: number): void {
  const index = firstNonFinite(values)
  if (index < 0) return
  const at = `[row ${firstRow + Math.floor(index / rowLen)}, element ${index % rowLen}]`
  throw new CorruptCheckpoint(`${file}: tensor ${name} holds ${values[index]} at ${at}.`)
}
