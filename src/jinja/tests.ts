import { binary } from './arithmetic'
import { type Builtin, builtin } from './builtin'
import { contains, isEqual, numberOf, order } from './compare'
import { Range } from './range'
import { isLower, isUpper } from './string-methods'
import { str } from './text'
import { Dict, isIterable, Markup, PyObject, textOf, Undefined, type Value, View } from './values'

const test = (isTrue: (value: Value) => boolean) => builtin('', (_, value) => isTrue(value))
const comparing = (parameters: string, holds: (sign: number) => boolean, operator: string) =>
  builtin(parameters, (run, a, b) => holds(order(run, a, b as Value, operator)))

const equal = builtin('other!', (run, a, b) => isEqual(run, a, b as Value))
const different = builtin('other!', (run, a, b) => !isEqual(run, a, b as Value))
const greater = comparing('other!', sign => sign > 0, '>')
const atLeast = comparing('other!', sign => sign >= 0, '>=')
const less = comparing('other!', sign => sign < 0, '<')
const atMost = comparing('other!', sign => sign <= 0, '<=')
const leaves = (rest: bigint) => builtin('', (run, value) => isEqual(run, binary(run, '%', value, 2n), rest))

export const TESTS: Readonly<Record<string, Builtin>> = {
  boolean: test(value => typeof value === 'boolean'),
  callable: test(value => value instanceof PyObject && value.isCallable),
  defined: test(value => !(value instanceof Undefined)),
  divisibleby: builtin('num!', (run, value, by) => isEqual(run, binary(run, '%', value, by as Value), 0n)),
  equalto: equal,
  eq: equal,
  '==': equal,
  escaped: test(value => value instanceof Markup),
  even: leaves(0n),
  false: test(value => value === false),
  float: test(value => typeof value === 'number'),
  ge: atLeast,
  '>=': atLeast,
  greaterthan: greater,
  gt: greater,
  '>': greater,
  in: builtin('seq!', (run, value, container) => contains(run, container as Value, value)),
  integer: test(value => typeof value === 'bigint'),
  iterable: test(isIterable),
  le: atMost,
  '<=': atMost,
  lessthan: less,
  lt: less,
  '<': less,
  lower: builtin('', (run, value) => isLower(str(run, value))),
  mapping: test(value => value instanceof Dict),
  ne: different,
  '!=': different,
  none: test(value => value === null),
  number: test(value => numberOf(value) !== undefined),
  odd: leaves(1n),
  sameas: builtin('other!', (_, value, other) => Object.is(value, other)),
  sequence: test(isSequence),
  string: test(value => textOf(value) !== undefined),
  true: test(value => value === true),
  undefined: test(value => value instanceof Undefined),
  upper: builtin('', (run, value) => isUpper(str(run, value))),
}

function isSequence(value: Value): boolean {
  if (value instanceof View) return false
  return (
    typeof value === 'string' ||
    Array.isArray(value) ||
    value instanceof Dict ||
    value instanceof Markup ||
    value instanceof Range ||
    value instanceof Undefined
  )
}
