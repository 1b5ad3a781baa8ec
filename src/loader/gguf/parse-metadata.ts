import type { ByteCursor } from './byte-cursor'
import { briefValue, Metadata, type MetadataValue, type NumberList } from './metadata'

interface ScalarType {
  readonly bytes: number
  read(view: DataView, offset: number): number
  list(buffer: ArrayBuffer): NumberList
}

const BOOL = 7
const TEXT = 8
const ARRAY = 9

/** Value types by their numbers in the file. A 64-bit number above 2^53 is rounded: no field that is read has one. */
const SCALARS: ReadonlyMap<number, ScalarType> = new Map([
  [0, { bytes: 1, read: (view, at) => view.getUint8(at), list: buffer => new Uint8Array(buffer) }],
  [1, { bytes: 1, read: (view, at) => view.getInt8(at), list: buffer => new Int8Array(buffer) }],
  [2, { bytes: 2, read: (view, at) => view.getUint16(at, true), list: buffer => new Uint16Array(buffer) }],
  [3, { bytes: 2, read: (view, at) => view.getInt16(at, true), list: buffer => new Int16Array(buffer) }],
  [4, { bytes: 4, read: (view, at) => view.getUint32(at, true), list: buffer => new Uint32Array(buffer) }],
  [5, { bytes: 4, read: (view, at) => view.getInt32(at, true), list: buffer => new Int32Array(buffer) }],
  [6, { bytes: 4, read: (view, at) => view.getFloat32(at, true), list: buffer => new Float32Array(buffer) }],
  [BOOL, { bytes: 1, read: (view, at) => view.getUint8(at), list: buffer => new Uint8Array(buffer) }],
  [
    10,
    {
      bytes: 8,
      read: (view, at) => Number(view.getBigUint64(at, true)),
      list: buffer => Float64Array.from(new BigUint64Array(buffer), Number),
    },
  ],
  [
    11,
    {
      bytes: 8,
      read: (view, at) => Number(view.getBigInt64(at, true)),
      list: buffer => Float64Array.from(new BigInt64Array(buffer), Number),
    },
  ],
  [12, { bytes: 8, read: (view, at) => view.getFloat64(at, true), list: buffer => new Float64Array(buffer) }],
] satisfies [number, ScalarType][])

/** Longest key that the format allows. */
const MAX_KEY_BYTES = 2 ** 16 - 1

/** Reads `numFields` keys and values. @throws CorruptCheckpoint for a key that comes twice */
export function parseMetadata(cursor: ByteCursor, numFields: number): Metadata {
  const values = new Map<string, MetadataValue>()
  for (let index = 0; index < numFields; index++) {
    const key = cursor.text(MAX_KEY_BYTES)
    if (values.has(key)) throw cursor.corrupt(`the field ${briefValue(key)} comes twice`)
    values.set(key, parseValue(cursor, cursor.u32(), key))
  }
  return new Metadata(cursor.file, values)
}

function parseValue(cursor: ByteCursor, type: number, key: string): MetadataValue {
  if (type === TEXT) return cursor.text()
  if (type === ARRAY) return parseList(cursor, key)
  const { bytes, read } = scalarType(cursor, type, key)
  const value = cursor.read(bytes, read)
  if (type !== BOOL) return value
  if (value > 1) throw cursor.corrupt(`the field ${briefValue(key)} must be true (1) or false (0), but is ${value}`)
  return value === 1
}

/** Reads a list. Lists of lists, which the format allows and no file has, are refused as an unknown type. */
function parseList(cursor: ByteCursor, key: string): MetadataValue {
  const type = cursor.u32()
  const length = cursor.count(`values of ${briefValue(key)}`)
  if (type !== TEXT) {
    const { bytes, list } = scalarType(cursor, type, key)
    return list(cursor.take(length * bytes).buffer)
  }
  const texts: string[] = []
  while (texts.length < length) texts.push(cursor.text())
  return texts
}

function scalarType(cursor: ByteCursor, type: number, key: string): ScalarType {
  const scalar = SCALARS.get(type)
  if (scalar) return scalar
  throw cursor.corrupt(`the field ${briefValue(key)} has values of type ${type}, which is unknown`)
}
