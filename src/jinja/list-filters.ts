import { getItem, getOnlyAttribute } from './access'
import { indexOf } from './arguments'
import { binary } from './arithmetic'
import { type Builtin, builtin } from './builtin'
import { isEqual, order } from './compare'
import { Range } from './range'
import type { Run } from './run'
import { join } from './string-methods'
import { failure } from './template-error'
import { needText, str } from './text'
import {
  Dict,
  each,
  Generator,
  Group,
  hashKey,
  isIterable,
  isTrue,
  lengthOf,
  list,
  or,
  Tuple,
  textOf,
  typeName,
  Undefined,
  type Value,
  View,
} from './values'

type Key = (value: Value) => Value

/** A function that follows the path to an attribute as filters name it: `a.b.0`, or an index. */
export function attributeGetter(attribute: Value | undefined, fallback?: Value): Key {
  if (attribute === undefined || attribute === null) return value => value
  const text = textOf(attribute)
  const path = text?.split('.').map(part => (/^\d+$/.test(part) ? BigInt(part) : part)) ?? [attribute]
  return value => {
    let result = value
    for (const part of path) {
      result = getItem(result, part)
      if (result instanceof Undefined && fallback !== undefined && fallback !== null) result = fallback
    }
    return result
  }
}

const ignoringCase =
  (key: Key, caseSensitive: Value): Key =>
  value => {
    const result = key(value)
    return isTrue(caseSensitive) ? result : (textOf(result)?.toLowerCase() ?? result)
  }

/** The values in ascending or descending order; equal ones keep the order that they had, either way. */
function sorted<T extends Value>(run: Run, values: readonly T[], key: Key, isReversed: boolean): T[] {
  run.budget.steps(values.length)
  const keyed = values.map(value => ({ value, key: key(value) }))
  keyed.sort((a, b) => {
    run.budget.steps(1)
    const sign = order(run, a.key, b.key)
    return isReversed ? -sign : sign
  })
  return keyed.map(({ value }) => value)
}

/** The keys to sort by: of one attribute, or of several with commas between, each of which decides where those before are equal. */
function keysGetter(attribute: Value | undefined, caseSensitive: Value): Key {
  const text = attribute === undefined ? undefined : textOf(attribute)
  const attributes = text === undefined ? [attribute] : text.split(',')
  const keys = attributes.map(part => ignoringCase(attributeGetter(part), caseSensitive))
  return value => Tuple.from(keys, key => key(value))
}

const extreme = (direction: 1 | -1, name: string) =>
  builtin('case_sensitive attribute', (run, values, caseSensitive = false, attribute) => {
    const items = list(run, values)
    if (items.length === 0) return new Undefined('No aggregated item, sequence was empty.')
    const key = ignoringCase(attributeGetter(attribute), caseSensitive)
    let [best] = items
    let bestKey = key(best)
    for (const item of items.slice(1)) {
      const itemKey = key(item)
      if (order(run, itemKey, bestKey, name) * direction < 0) [best, bestKey] = [item, itemKey]
    }
    return best
  })

const length = builtin('', (_, value) => BigInt(lengthOf(value)))

const fallback = builtin('default_value boolean', (_, value, instead = '', boolean = false) =>
  value instanceof Undefined || (isTrue(boolean) && !isTrue(value)) ? instead : value,
)

function reversed(run: Run, value: Value): Value {
  const text = textOf(value)
  if (text !== undefined) return Array.from(text).reverse().join('')
  if (!isIterable(value)) throw failure('argument must be iterable')
  return new Generator(list(run, value).reverse())
}

export const LIST_FILTERS: Readonly<Record<string, Builtin>> = {
  attr: builtin('name!', (_, value, name) => getOnlyAttribute(value, needText(name, 'attribute name'))),
  batch: builtin('linecount! fill_with', (run, values, count, fill = null) => {
    const size = indexOf(count, 1)
    return new Generator(batches(run, values, size, fill))
  }),
  count: length,
  d: fallback,
  default: fallback,
  dictsort: builtin('case_sensitive by reverse', (run, value, caseSensitive = false, by = 'key', reverse = false) => {
    const part = ['key', 'value'].indexOf(textOf(by) ?? '')
    if (part < 0) throw failure('You can only sort by either "key" or "value"')
    if (!(value instanceof Dict))
      throw failure(value instanceof Undefined ? value.message : `a ${typeName(value)} has no items`)
    const items = Array.from(value.entries(), entry => Tuple.from(entry))
    const key: Key = pair => (pair as Tuple)[part]
    return sorted(run, items, ignoringCase(key, caseSensitive), isTrue(reverse))
  }),
  first: builtin('', (run, values) => {
    for (const value of each(run, values)) return value
    return new Undefined('No first item, sequence was empty.')
  }),
  groupby: builtin('attribute! default case_sensitive', (run, values, attribute, missing, caseSensitive = false) => {
    const plain = attributeGetter(attribute, missing)
    const key = ignoringCase(plain, caseSensitive)
    const groups: Value[][] = []
    let last: Value | undefined
    for (const value of sorted(run, list(run, values), key, false)) {
      const current = key(value)
      if (last === undefined || !isEqual(run, last, current)) groups.push([])
      groups.at(-1)?.push(value)
      last = current
    }
    return groups.map(items => Group.from([isTrue(caseSensitive) ? key(items[0]) : plain(items[0]), items]))
  }),
  items: builtin('', (run, value) => {
    if (value instanceof Undefined) return new Generator([])
    if (!(value instanceof Dict)) throw failure('Can only get item pairs from a mapping.')
    run.budget.steps(value.size)
    return new Generator(Array.from(value.entries(), entry => Tuple.from(entry)))
  }),
  join: builtin('d attribute', (run, values, separator = '', attribute) => {
    const key = attributeGetter(attribute)
    return join(
      run,
      str(run, separator),
      Array.from(each(run, values), value => str(run, key(value))),
    )
  }),
  last: builtin('', (run, values) => {
    if (!isReversible(values)) throw failure(`'${typeName(values)}' object is not reversible`)
    return or(list(run, values).at(-1), new Undefined('No last item, sequence was empty.'))
  }),
  length,
  list: builtin('', list),
  max: extreme(-1, '>'),
  min: extreme(1, '<'),
  reverse: builtin('', reversed),
  slice: builtin('slices! fill_with', (run, values, slices, fill = null) => {
    return new Generator(slicesOf(run, list(run, values), indexOf(slices, 1), fill))
  }),
  sort: builtin('reverse case_sensitive attribute', (run, values, reverse = false, caseSensitive = false, attribute) =>
    sorted(run, list(run, values), keysGetter(attribute, caseSensitive), isTrue(reverse)),
  ),
  sum: builtin('attribute start', (run, values, attribute, start = 0n) => {
    if (textOf(start) !== undefined) throw failure("sum() can't sum strings [use ''.join(seq) instead]")
    const key = attributeGetter(attribute)
    let sum = start
    for (const value of each(run, values)) sum = binary(run, '+', sum, key(value))
    return sum
  }),
  unique: builtin('case_sensitive attribute', (run, values, caseSensitive = false, attribute) => {
    const key = ignoringCase(attributeGetter(attribute), caseSensitive)
    return new Generator(unique(run, values, key))
  }),
}

function isReversible(value: Value): boolean {
  return (
    textOf(value) !== undefined ||
    Array.isArray(value) ||
    value instanceof Dict ||
    value instanceof View ||
    value instanceof Range ||
    value instanceof Undefined
  )
}

function* unique(run: Run, values: Value, key: Key): Iterable<Value> {
  const seen = new Set<unknown>()
  for (const value of each(run, values)) {
    const hash = hashKey(key(value))
    if (!seen.has(hash)) yield value
    seen.add(hash)
  }
}

function* batches(run: Run, values: Value, size: number, fill: Value): Iterable<Value> {
  let batch: Value[] = []
  for (const value of each(run, values)) {
    if (batch.length === size) {
      yield batch
      batch = []
    }
    batch.push(value)
  }
  if (batch.length === 0) return
  if (fill !== null && batch.length < size) {
    run.budget.steps(size - batch.length)
    while (batch.length < size) batch.push(fill)
  }
  yield batch
}

function* slicesOf(run: Run, values: readonly Value[], numSlices: number, fill: Value): Iterable<Value> {
  if (numSlices === 0) throw failure('integer division or modulo by zero')
  const size = Math.floor(values.length / numSlices)
  const numLonger = values.length - size * numSlices
  let start = 0
  for (let index = 0; index < numSlices; index++) {
    run.budget.steps(1 + size)
    const end = start + size + (index < numLonger ? 1 : 0)
    const slice = values.slice(start, end)
    if (fill !== null && index >= numLonger) slice.push(fill)
    yield slice
    start = end
  }
}
