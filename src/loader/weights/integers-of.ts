import { GROUP } from '../gguf/block'
import { formatNamed } from '../gguf/formats'
import type { Encoding } from './checkpoint'
import { DTYPE_BYTES } from './dtype'

/** Integers as `QuantizedRows` has them. */
export interface SourceIntegers {
  readonly bits: 4 | 8
  readonly group: 32 | 64 | 128
  readonly hasZeros: boolean
}

/** What integers `decodeRows` gives for an encoding: `none` for floats, `other` where they are none that we can keep. */
export function integersOf(encoding: Encoding): SourceIntegers | 'none' | 'other' {
  if ('group' in encoding) {
    const { group, isSymmetric, isOrdered } = encoding
    return isOrdered ? 'other' : { bits: 4, group, hasZeros: !isSymmetric }
  }
  if (Object.hasOwn(DTYPE_BYTES, encoding.type)) return 'none'
  const { integers } = formatNamed(encoding.type)
  return integers ? { bits: integers.bits, group: GROUP, hasZeros: integers.hasZeros } : 'other'
}
