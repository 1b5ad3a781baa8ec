import type { PackedEncoding, RawRows } from './checkpoint'
import type { Dtype } from './dtype'
import { toFloat32 } from './to-float32'

/** The parts of some rows, by name; each begins at a multiple of 4 of its buffer. */
export type RowParts = Readonly<Record<string, Uint8Array<ArrayBuffer>>>

export function partsOf({ bytes }: RawRows, { parts }: PackedEncoding): RowParts {
  let begin = 0
  return Object.fromEntries(
    parts.map(({ name, numBytes }) => {
      const part = bytes.subarray(begin, begin + numBytes)
      begin += Math.ceil(numBytes / 4) * 4
      return [name, part]
    }),
  )
}

/** The floats of a part, whatever their type. */
export function floatsOf({ parts }: PackedEncoding, given: RowParts, name: string): Float32Array<ArrayBuffer> {
  const dtype = parts.find(part => part.name === name)?.dtype as Dtype
  const out = new Float32Array(given[name].length / (dtype === 'F32' ? 4 : 2))
  toFloat32(dtype, given[name], out)
  return out
}
