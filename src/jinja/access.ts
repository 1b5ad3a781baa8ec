import { indexOf } from './arguments'
import { applyBuiltin, type Builtin, builtin } from './builtin'
import { isEqual, numberOf } from './compare'
import { formatFields } from './format-fields'
import { Range } from './range'
import type { Run } from './run'
import { stringMethod } from './string-methods'
import { failure } from './template-error'
import {
  codePoints,
  Dict,
  Group,
  type Keywords,
  list,
  Markup,
  or,
  PyFunction,
  PyObject,
  Tuple,
  textOf,
  typeName,
  Undefined,
  type Value,
  View,
} from './values'

const view = (type: string, values: (dict: Dict) => readonly Value[]): Builtin =>
  builtin('', (run, subject) => {
    run.budget.steps((subject as Dict).size)
    return new View(type, values(subject as Dict))
  })

const DICT_METHODS: Readonly<Record<string, Builtin>> = {
  copy: builtin('', (_, subject) => Dict.of((subject as Dict).entries())),
  get: builtin('KEY! DEFAULT', (_, subject, key, fallback = null) => or((subject as Dict).get(key as Value), fallback)),
  items: view('dict_items', dict => Array.from(dict.entries(), entry => Tuple.from(entry))),
  keys: view('dict_keys', dict => dict.keys()),
  values: view('dict_values', dict => dict.values()),
}

const SEQUENCE_METHODS: Readonly<Record<string, Builtin>> = {
  count: builtin('ITEM!', (run, subject, item) =>
    BigInt(list(run, subject).filter(other => isEqual(run, other, item as Value)).length),
  ),
  index: builtin('ITEM! START END', (run, subject, item, start, end) => {
    const items = subject as Value[]
    const from = indexOf(start, 0)
    const found = items
      .slice(0, indexOf(end, Infinity))
      .findIndex((other, at) => at >= (from < 0 ? items.length + from : from) && isEqual(run, other, item as Value))
    if (found < 0) throw failure('the item is not in the list')
    return BigInt(found)
  }),
}
const LIST_METHODS = { ...SEQUENCE_METHODS, copy: builtin('', (run, subject) => list(run, subject)) }

/** Methods that would change a dict or a list: the sandbox that templates run in has none of them. */
const CHANGING_DICT = ['clear', 'pop', 'popitem', 'setdefault', 'update', 'fromkeys']
const CHANGING_LIST = ['append', 'clear', 'extend', 'insert', 'pop', 'remove', 'reverse', 'sort']

function methodOf(object: Value, name: string): Builtin | 'unsafe' | undefined {
  if (typeof object === 'string') return stringMethod(name)
  if (object instanceof Dict) {
    if (Object.hasOwn(DICT_METHODS, name)) return DICT_METHODS[name]
    return CHANGING_DICT.includes(name) ? 'unsafe' : undefined
  }
  if (!Array.isArray(object)) return undefined
  if (object instanceof Tuple) return Object.hasOwn(SEQUENCE_METHODS, name) ? SEQUENCE_METHODS[name] : undefined
  if (CHANGING_LIST.includes(name)) return 'unsafe'
  return Object.hasOwn(LIST_METHODS, name) ? LIST_METHODS[name as 'copy'] : undefined
}

/** The attribute that Python's `getattr` finds; undefined where it finds none. */
function attribute(object: Value, name: string): Value | undefined {
  if (object instanceof Markup) return markupMethod(object, name)
  if (object instanceof PyObject) return object.attribute(name)
  if (typeof object === 'string' && (name === 'format' || name === 'format_map')) {
    return new PyFunction((run, args, keywords) =>
      formatFields(run, object, name, args, keywords, { getAttribute, getItem }),
    )
  }
  if (object instanceof Group && (name === 'grouper' || name === 'list')) return object[name === 'list' ? 1 : 0]
  const method = methodOf(object, name)
  if (method === 'unsafe')
    return new Undefined(`access to attribute '${name}' of '${typeName(object)}' object is unsafe`)
  if (!method) return undefined
  return new PyFunction((run, args, keywords) => applyBuiltin(run, method, name, object, args, keywords))
}

/** A method of the text, whose own text is markup again. */
function markupMethod(object: Markup, name: string): Value | undefined {
  const method = attribute(object.text, name)
  if (!(method instanceof PyFunction)) return method
  return new PyFunction((run, args, keywords) => {
    const result = method.call(run, args, keywords)
    return typeof result === 'string' ? new Markup(result) : result
  })
}

function missing(object: Value, key: Value): Undefined {
  const name = textOf(key) ?? String(numberOf(key) ?? typeName(key))
  if (object === null) return new Undefined(`'None' has no attribute '${name}'`)
  return new Undefined(`'${typeName(object)} object' has no attribute '${name}'`)
}

/** `object.name`: an attribute, and a dict's field only where there is no method of this name. */
export function getAttribute(object: Value, name: string): Value {
  const found = attribute(object, name)
  if (found !== undefined) return found
  return or(object instanceof Dict ? object.get(name) : undefined, missing(object, name))
}

/** `object|attr(name)`: without a dict's fields. */
export const getOnlyAttribute = (object: Value, name: string) => or(attribute(object, name), missing(object, name))

/** `object[key]`: a dict's field or an element, and an attribute only where there is neither. */
export function getItem(object: Value, key: Value): Value {
  const item = element(object, key)
  if (item !== undefined) return item
  const name = textOf(key)
  return or(name === undefined ? undefined : attribute(object, name), missing(object, key))
}

function element(object: Value, key: Value): Value | undefined {
  if (object instanceof Undefined) throw failure(object.message)
  if (object instanceof Dict)
    return Array.isArray(key) && !(key instanceof Tuple) ? undefined : key instanceof Dict ? undefined : object.get(key)
  const number = numberOf(key)
  if (typeof number !== 'bigint') return undefined
  const index = Number(number)
  if (Array.isArray(object)) return object.at(index)
  if (object instanceof Range) {
    const at = index < 0 ? object.length + index : index
    return at >= 0 && at < object.length ? object.at(at) : undefined
  }
  const text = textOf(object)
  if (text === undefined) return undefined
  const points = codePoints(text)
  return typeof points === 'string' ? points.at(index) : points.at(index)
}

/** `object[start:stop:step]` */
export function getSlice(run: Run, object: Value, bounds: readonly (Value | undefined)[]): Value {
  if (object instanceof Undefined) throw failure(object.message)
  const [start, stop, step] = bounds.map(bound => {
    if (bound === undefined || bound === null) return undefined
    const number = numberOf(bound)
    if (typeof number === 'bigint') return Number(number)
    throw failure('slice indices must be integers or None or have an __index__ method')
  })
  const text = textOf(object)
  if (text !== undefined) {
    run.budget.read(text.length)
    const points = codePoints(text)
    if (typeof points === 'string' && (step ?? 1) === 1) return points.slice(start ?? 0, stop)
    return sliced(Array.from(points), start, stop, step).join('')
  }
  if (Array.isArray(object)) {
    run.budget.steps(object.length)
    return sliced(object, start, stop, step)
  }
  if (object instanceof Range) return slicedRange(object, start, stop, step)
  throw failure(`'${typeName(object)}' object is not subscriptable`)
}

function sliced<T>(items: T[], start?: number, stop?: number, step = 1): T[] {
  if (step === 1) return items.slice(start ?? 0, stop)
  const [from, to] = sliceBounds(items.length, start, stop, step)
  const result = items.slice(0, 0)
  for (let at = from; step > 0 ? at < to : at > to; at += step) result.push(items[at])
  return result
}

function slicedRange(range: Range, start?: number, stop?: number, step = 1): Range {
  const [from, to] = sliceBounds(range.length, start, stop, step)
  return new Range(range.at(from), range.at(to), range.step * BigInt(step))
}

/** The bounds of a slice, both within the sequence or just beyond it. */
function sliceBounds(
  length: number,
  start: number | undefined,
  stop: number | undefined,
  step: number,
): [number, number] {
  if (step === 0) throw failure('slice step cannot be zero')
  const [low, high] = step > 0 ? [0, length] : [-1, length - 1]
  const clamp = (bound: number) => Math.min(high, Math.max(low, bound < 0 ? bound + length : bound))
  return [
    start === undefined ? (step > 0 ? low : high) : clamp(start),
    stop === undefined ? (step > 0 ? high : low) : clamp(stop),
  ]
}

export function call(run: Run, callee: Value, args: readonly Value[], keywords: Keywords): Value {
  run.budget.steps(1)
  if (callee instanceof PyObject) return callee.call(run, args, keywords)
  throw failure(`'${typeName(callee)}' object is not callable`)
}
