import { CorruptCheckpoint } from '../../core/errors'
import { brief, parseJsonObject } from '../../core/json'
import type { PackedEncoding, RawRows } from './checkpoint'
import { floatsOf, partsOf, type RowParts } from './parts-of'

/** Decodes rows of bitsandbytes' floats of 4 bits: table[index] times the magnitude of its block; the upper half of a byte comes first. */
export function unpackFloat4(raw: RawRows, encoding: PackedEncoding): Float32Array<ArrayBuffer> {
  const { firstRow, numRows, cols } = raw
  const parts = partsOf(raw, encoding)
  const table = floatsOf(encoding, parts, 'quant_map')
  const { blockLen, magnitudes } = readBlocks(raw, encoding, parts)
  const out = new Float32Array(numRows * cols)
  const before = firstRow * cols
  for (let i = 0; i < out.length; i++) {
    const pair = parts.weight[i >> 1]
    out[i] = table[i % 2 === 0 ? pair >> 4 : pair & 15] * magnitudes[Math.floor((before + i) / blockLen)]
  }
  return out
}

/** The magnitudes of all blocks of the matrix, which may be bytes that stand for floats in blocks of their own. */
function readBlocks(raw: RawRows, encoding: PackedEncoding, parts: RowParts) {
  const where = `${raw.file}: the quant_state of ${raw.name}`
  const state = parseJsonObject(new TextDecoder().decode(parts.quant_state), where)
  const wrong = (field: string, expected: string) =>
    new CorruptCheckpoint(`${where}: ${field} is ${brief(state[field])}, but must be ${expected}.`)
  const { shape, blocksize: blockLen, nested_blocksize: nestedLen, nested_offset: offset } = state
  if (!isSize(blockLen)) throw wrong('blocksize', 'a number of elements')
  if (!Array.isArray(shape) || shape.length !== 2 || shape[1] !== raw.cols) {
    throw wrong('shape', `that of a matrix of ${raw.cols} columns`)
  }
  const numBlocks = Math.ceil((shape[0] * raw.cols) / blockLen)
  if (!parts.nested_absmax) {
    const magnitudes = floatsOf(encoding, parts, 'absmax')
    if (magnitudes.length !== numBlocks) throw wrong('blocksize', `that of ${magnitudes.length} blocks`)
    return { blockLen, magnitudes }
  }
  if (!isSize(nestedLen)) throw wrong('nested_blocksize', 'a number of blocks')
  if (typeof offset !== 'number') throw wrong('nested_offset', 'a number')
  const [outer, table] = ['nested_absmax', 'nested_quant_map'].map(name => floatsOf(encoding, parts, name))
  if (parts.absmax.length !== numBlocks || outer.length !== Math.ceil(numBlocks / nestedLen)) {
    throw wrong('nested_blocksize', `that of ${parts.absmax.length} blocks in ${outer.length}`)
  }
  const magnitudes = Float32Array.from(parts.absmax, (index, block) => {
    return table[index] * outer[Math.floor(block / nestedLen)] + offset
  })
  return { blockLen, magnitudes }
}

function isSize(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) > 0
}
