import { numberOf } from './compare'
import { failure } from './template-error'
import { typeName, Undefined, type Value } from './values'

/** An int that Python takes as an index or a count; `fallback` if it was not given. */
export function indexOf(value: Value | undefined, fallback: number): number {
  if (value === undefined) return fallback
  const number = numberOf(value)
  if (typeof number === 'bigint') return Number(number)
  if (value instanceof Undefined) throw failure(value.message)
  throw failure(`'${typeName(value)}' object cannot be interpreted as an integer`)
}

/** Like `indexOf`, where None is as good as nothing. */
export const optionalIndex = (value: Value | undefined, fallback: number) =>
  value === null ? fallback : indexOf(value, fallback)
