import { Range } from './range'
import type { Run } from './run'
import { failure } from './template-error'
import { Dict, iterate, PyObject, textOf, typeName, Undefined, type Value } from './values'

type Numeric = bigint | number

/** The number that a bool, an int or a float is (`True == 1`); undefined for other values. */
export function numberOf(value: Value): Numeric | undefined {
  if (typeof value === 'boolean') return BigInt(value)
  return typeof value === 'bigint' || typeof value === 'number' ? value : undefined
}

export function isEqual(run: Run, a: Value, b: Value): boolean {
  const text = textOf(a)
  if (text !== undefined) {
    const other = textOf(b)
    if (other !== undefined && other.length === text.length) run.budget.read(text.length)
    return text === other
  }
  const number = numberOf(a)
  if (number !== undefined) {
    const other = numberOf(b)
    // biome-ignore lint/suspicious/noDoubleEquals: an int and a float are equal if their values are
    return other !== undefined && number == other
  }
  if (Array.isArray(a)) {
    if (!Array.isArray(b) || typeName(a) !== typeName(b) || a.length !== b.length) return false
    run.budget.steps(1 + a.length)
    return a.every((item, index) => isEqual(run, item, b[index]))
  }
  if (a instanceof Dict) return b instanceof Dict && isEqualDict(run, a, b)
  if (a instanceof Undefined) return b instanceof Undefined
  if (a instanceof Range && b instanceof Range) return isEqual(run, [...a.iterate()], [...b.iterate()])
  return a === b
}

function isEqualDict(run: Run, a: Dict, b: Dict): boolean {
  if (a.size !== b.size) return false
  run.budget.steps(1 + a.size)
  for (const [key, value] of a.entries()) {
    const other = b.get(key)
    if (other === undefined || !isEqual(run, value, other)) return false
  }
  return true
}

/** Less than 0 if `a` comes first, 0 if neither does, NaN if nothing can be said (nan). */
export function order(run: Run, a: Value, b: Value, operator = '<'): number {
  const [left, right] = [textOf(a), textOf(b)]
  if (left !== undefined && right !== undefined) {
    run.budget.read(Math.min(left.length, right.length))
    return left === right ? 0 : isBefore(left, right) ? -1 : 1
  }
  const [x, y] = [numberOf(a), numberOf(b)]
  if (x !== undefined && y !== undefined) {
    if (x < y) return -1
    return x > y ? 1 : x >= y ? 0 : Number.NaN
  }
  if (Array.isArray(a) && Array.isArray(b) && typeName(a) === typeName(b)) {
    run.budget.steps(1 + Math.min(a.length, b.length))
    const index = a.findIndex((item, at) => at >= b.length || !isEqual(run, item, b[at]))
    if (index < 0) return a.length - b.length
    return index < b.length ? order(run, a[index], b[index], operator) : 1
  }
  for (const value of [a, b]) if (value instanceof Undefined) throw failure(value.message)
  throw failure(`'${operator}' not supported between instances of '${typeName(a)}' and '${typeName(b)}'`)
}

/** Whether a text comes before another by code points, where JavaScript compares halves of surrogate pairs. */
function isBefore(a: string, b: string): boolean {
  let at = 0
  while (at < a.length && a[at] === b[at]) at++
  if (at === a.length || at === b.length) return a.length < b.length
  // a pair is above every other character; two that differ in their second halves compare like these
  const rank = (unit: number) => (unit >= 0xd800 && unit < 0xe000 ? unit + 0x10000 : unit)
  return rank(a.charCodeAt(at)) < rank(b.charCodeAt(at))
}

/** `item in container` */
export function contains(run: Run, container: Value, item: Value): boolean {
  const text = textOf(container)
  if (text !== undefined) {
    const part = textOf(item)
    if (part === undefined) throw failure(`'in <string>' requires string as left operand, not ${typeName(item)}`)
    run.budget.read(text.length)
    return text.includes(part)
  }
  if (container instanceof Dict) return container.has(item)
  if (container === null || (container instanceof PyObject && !container.iterate()) || typeof container !== 'object') {
    throw failure(`argument of type '${typeName(container)}' is not iterable`)
  }
  for (const element of iterate(container)) {
    run.budget.steps(1)
    if (isEqual(run, element, item)) return true
  }
  return false
}
