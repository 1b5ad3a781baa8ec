import { GROUP } from '../gguf/block'
import { formatNamed } from '../gguf/formats'
import type { Encoding } from './checkpoint'
import { DTYPE_BYTES } from './dtype'

/** A kind of integers, in the terms of `QuantizedRows`. */
export interface SourceIntegers {
  readonly bits: 4 | 8
  readonly group: 32 | 64 | 128
  readonly hasZeros: boolean
}

/** The integers that `decodeRows` gives for an encoding: `none` for floats, `other` for integers that cannot be kept. */
export function integersOf(encoding: Encoding): SourceIntegers | 'none' | 'other' {
  if ('group' in encoding) {
    const { group, isSymmetric, isOrdered } = encoding
    return isOrdered ? 'other' : { bits: 4, group, hasZeros: !isSymmetric }
  }
  if (Object.hasOwn(DTYPE_BYTES, encoding.type)) return 'none'
  const { integers } = formatNamed(encoding.type)
  return integers ? { bits: integers.bits, group: GROUP, hasZeros: integers.hasZeros } : 'other'
}
