import type { Run } from './run'
import { failure } from './template-error'

/**
 * A Python value: None, bool, int, float, str, list, dict, or one of the classes below. Ints are bigints and floats
 * numbers, so that `1` and `1.0` stay two things and no int loses digits.
 */
export type Value = null | boolean | bigint | number | string | Value[] | Dict | PyObject

/** The value if one was found, be it None, and else the other. */
export const or = (value: Value | undefined, otherwise: Value): Value => (value === undefined ? otherwise : value)

export type Keywords = ReadonlyMap<string, Value>
export const NO_KEYWORDS: Keywords = new Map()

export class Tuple extends Array<Value> {}

/** A group that `groupby` makes: a pair whose parts have names. */
export class Group extends Tuple {}

/** An object of any other type. What it does not override it has not got. */
export abstract class PyObject {
  /** The name of the type in Python's messages. */
  abstract readonly type: string

  attribute(_name: string): Value | undefined {
    return undefined
  }

  iterate(): Iterable<Value> | undefined {
    return undefined
  }

  /** Number of elements; undefined where `len()` fails. */
  get length(): number | undefined {
    return undefined
  }

  get isTrue(): boolean {
    return true
  }

  get isCallable(): boolean {
    return false
  }

  call(_run: Run, _args: readonly Value[], _keywords: Keywords): Value {
    throw failure(`'${this.type}' object is not callable`)
  }
}

export class PyFunction extends PyObject {
  readonly type = 'function'
  override readonly call: (run: Run, args: readonly Value[], keywords: Keywords) => Value

  constructor(call: (run: Run, args: readonly Value[], keywords: Keywords) => Value) {
    super()
    this.call = call
  }

  override get isCallable() {
    return true
  }
}

/** A missing value: prints nothing, is false and empty, and fails in every other use, with its message. */
export class Undefined extends PyObject {
  readonly type = 'Undefined'
  readonly message: string

  constructor(message: string) {
    super()
    this.message = message
  }

  override attribute(): never {
    throw failure(this.message)
  }

  override iterate() {
    return []
  }

  override get length() {
    return 0
  }

  override get isTrue() {
    return false
  }

  override get isCallable() {
    return true
  }

  override call(): never {
    throw failure(this.message)
  }
}

/** A text that counts as HTML (`safe`, `escape`): what is added to it by `+` gets escaped. */
export class Markup extends PyObject {
  readonly type = 'Markup'
  readonly text: string

  constructor(text: string) {
    super()
    this.text = text
  }
}

/** A sequence whose elements are made as they are asked for, once: `map`, `select` and others give one. */
export class Generator extends PyObject {
  readonly type = 'generator'
  readonly #values: Iterator<Value>

  constructor(values: Iterable<Value>) {
    super()
    this.#values = values[Symbol.iterator]()
  }

  override iterate(): Iterable<Value> {
    // without the iterator's `return`, so that a loop that ends early leaves the rest to the next one
    return { [Symbol.iterator]: () => ({ next: () => this.#values.next() }) }
  }
}

/** A view of a dict, by `items()`, `keys()` or `values()`. */
export class View extends PyObject {
  readonly type: string
  readonly values: readonly Value[]

  constructor(type: string, values: readonly Value[]) {
    super()
    this.type = type
    this.values = values
  }

  override iterate() {
    return this.values
  }

  override get length() {
    return this.values.length
  }

  override get isTrue() {
    return this.length > 0
  }
}

/** A dict in order of insertion, whose keys `1`, `1.0` and `True` are one. */
export class Dict {
  readonly #entries = new Map<unknown, [key: Value, value: Value]>()

  static of(entries: Iterable<readonly [Value, Value]>): Dict {
    const dict = new Dict()
    for (const [key, value] of entries) dict.set(key, value)
    return dict
  }

  get size(): number {
    return this.#entries.size
  }

  get(key: Value): Value | undefined {
    return this.#entries.get(typeof key === 'string' ? key : hashKey(key))?.[1]
  }

  has(key: Value): boolean {
    return this.#entries.has(hashKey(key))
  }

  set(key: Value, value: Value): void {
    const hash = hashKey(key)
    const entry = this.#entries.get(hash)
    if (entry) entry[1] = value
    else this.#entries.set(hash, [key, value])
  }

  entries(): Iterable<readonly [Value, Value]> {
    return this.#entries.values()
  }

  keys(): Value[] {
    return Array.from(this.#entries.values(), ([key]) => key)
  }

  values(): Value[] {
    return Array.from(this.#entries.values(), ([, value]) => value)
  }
}

/** A value for each key by which a Map finds it: the same for equal keys and for no others. */
export function hashKey(key: Value): unknown {
  if (typeof key === 'boolean') return BigInt(key)
  if (typeof key === 'number') return Number.isInteger(key) ? BigInt(key) : key
  if (key instanceof Undefined) return Undefined
  if (key instanceof Markup) return key.text
  if (key instanceof Tuple) return `\0${key.map(item => hashText(hashKey(item))).join('')}`
  if (Array.isArray(key) || key instanceof Dict) throw failure(`unhashable type: '${typeName(key)}'`)
  return key
}

const hashText = (hash: unknown) => `${typeof hash}${String(hash)}\0`

export function typeName(value: Value): string {
  if (value === null) return 'NoneType'
  if (value instanceof PyObject) return value.type
  if (value instanceof Dict) return 'dict'
  if (Array.isArray(value)) return value instanceof Tuple ? 'tuple' : 'list'
  return { boolean: 'bool', bigint: 'int', number: 'float', string: 'str' }[typeof value as 'string']
}

export function isTrue(value: Value): boolean {
  if (typeof value === 'boolean') return value
  if (Array.isArray(value)) return value.length > 0
  if (value instanceof Dict) return value.size > 0
  if (value instanceof Markup) return value.text !== ''
  if (value instanceof PyObject) return value.isTrue
  return Boolean(value) || Number.isNaN(value)
}

/** The text of a str, also of one that is markup; undefined for everything else. */
export function textOf(value: Value | undefined): string | undefined {
  if (typeof value === 'string') return value
  return value instanceof Markup ? value.text : undefined
}

const HAS_SURROGATES = /[\ud800-\udfff]/

/** A text as Python indexes it: by code points. */
export const codePoints = (text: string): string | string[] => (HAS_SURROGATES.test(text) ? Array.from(text) : text)

export function lengthOf(value: Value): number {
  const text = textOf(value)
  if (text !== undefined) return codePoints(text).length
  if (Array.isArray(value)) return value.length
  if (value instanceof Dict) return value.size
  const length = value instanceof PyObject ? value.length : undefined
  if (length === undefined) throw failure(`object of type '${typeName(value)}' has no len()`)
  return length
}

export function isIterable(value: Value): boolean {
  return (
    typeof value === 'string' ||
    Array.isArray(value) ||
    value instanceof Dict ||
    value instanceof Markup ||
    (value instanceof PyObject && value.iterate() !== undefined)
  )
}

export function iterate(value: Value): Iterable<Value> {
  if (Array.isArray(value)) return value
  if (value instanceof Dict) return value.keys()
  const elements = textOf(value) ?? (value instanceof PyObject ? value.iterate() : undefined)
  if (elements === undefined) throw failure(`'${typeName(value)}' object is not iterable`)
  return elements
}

/** The elements of a value that must have just so many. */
export function unpack(value: Value, count: number): Value[] {
  const items = [...iterate(value)]
  if (items.length === count) return items
  throw failure(`${items.length} values to unpack, where ${count} are expected`)
}

/** The elements, each of them a step. */
export function* each(run: Run, value: Value): Iterable<Value> {
  for (const element of iterate(value)) {
    run.budget.steps(1)
    yield element
  }
}

/** The elements in a new list. */
export function list(run: Run, value: Value): Value[] {
  if (!Array.isArray(value)) return Array.from(each(run, value))
  run.budget.steps(value.length)
  return Array.from(value)
}
