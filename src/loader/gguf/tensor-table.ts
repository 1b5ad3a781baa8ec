import { UnsupportedModel } from '../../core/errors'
import type { TensorFormat } from './block'
import type { ByteCursor } from './byte-cursor'
import { FORMATS, formatName } from './formats'
import { briefValue } from './metadata'

/** A tensor and its place in a GGUF file. */
export interface GgufTensor {
  /** The name in the file: `blk.0.attn_q.weight`. */
  readonly name: string
  readonly format: TensorFormat
  /** Dimensions, outermost first; the file has them the other way round. */
  readonly shape: readonly number[]
  /** The first byte, and with `end` the byte after the last, counted from where the weights begin. */
  readonly begin: number
  readonly end: number
}

/** Longest name that the format allows. */
const MAX_NAME_BYTES = 64
/** Most dimensions: ggml's GGML_MAX_DIMS. */
const MAX_DIMENSIONS = 4

/** `bytes` rounded up to a multiple of `alignment`. */
export function alignUp(bytes: number, alignment: number): number {
  return Math.ceil(bytes / alignment) * alignment
}

/**
 * Reads `numTensors` entries. The tensors lie in the order of their entries, each where the last one ends, rounded up to
 * `alignment`; any other place is an overlap or a gap, and `CorruptCheckpoint`, as it is for ggml.
 */
export function parseTensorTable(cursor: ByteCursor, numTensors: number, alignment: number): GgufTensor[] {
  const tensors = new Map<string, GgufTensor>()
  let nextBegin = 0
  for (let index = 0; index < numTensors; index++) {
    const tensor = parseEntry(cursor, nextBegin)
    if (tensors.has(tensor.name)) throw cursor.corrupt(`tensor ${briefValue(tensor.name)} comes twice`)
    tensors.set(tensor.name, tensor)
    nextBegin = alignUp(tensor.end, alignment)
  }
  return [...tensors.values()]
}

function parseEntry(cursor: ByteCursor, expectedBegin: number): GgufTensor {
  const name = cursor.text(MAX_NAME_BYTES)
  const tensor = `tensor ${briefValue(name)}`
  const numDimensions = cursor.u32()
  if (numDimensions < 1 || numDimensions > MAX_DIMENSIONS) {
    throw cursor.corrupt(`${tensor} has ${numDimensions} dimensions, but must have 1 to ${MAX_DIMENSIONS}`)
  }
  const shape = Array.from({ length: numDimensions }, () => u64(cursor)).reverse()
  const type = cursor.u32()
  const begin = u64(cursor)
  const format = FORMATS.get(type)
  if (!format) {
    const known = [...FORMATS.values()].map(each => each.name)
    throw new UnsupportedModel(
      `${cursor.file}: ${tensor} has the type ${formatName(type)}; supported are ${known.join(', ')}.`,
    )
  }
  const rowLen = shape[shape.length - 1]
  const numElements = shape.reduce((product, size) => product * size, 1)
  if (numElements < 1 || rowLen % format.blockLen !== 0) {
    throw cursor.corrupt(`${tensor} has shape [${shape}], not rows of ${format.name} blocks of ${format.blockLen}`)
  }
  const end = begin + (numElements / format.blockLen) * format.blockBytes
  if (!Number.isSafeInteger(numElements) || !Number.isSafeInteger(end)) {
    throw cursor.corrupt(`${tensor} of shape [${shape}] would go on to byte ${end}, more than a file can have`)
  }
  if (begin !== expectedBegin) {
    throw cursor.corrupt(`${tensor} begins at byte ${begin} of the weights, but its place is ${expectedBegin}`)
  }
  return { name, format, shape, begin, end }
}

/** A u64, exact up to 2^53; beyond, the checks of the caller refuse it. */
function u64(cursor: ByteCursor): number {
  return Number(cursor.read(8, (view, offset) => view.getBigUint64(offset, true)))
}
