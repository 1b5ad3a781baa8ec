import { isJsonObject, type JsonObject } from '../../core/json'
import { shownJson } from '../../core/shown'
import { MAX_TIMES } from '../limits'
import { FORMATS } from './formats'
import { canBound } from './number-range'
import { type Path, schemaError } from './schema-error'
import { type Placed, type Shape, TYPES, type Type } from './shape'

/** Keywords that say nothing about a value. */
const ANNOTATIONS = new Set([
  '$schema',
  '$id',
  '$comment',
  '$defs',
  'definitions',
  'title',
  'description',
  'default',
  'examples',
  'example',
  'deprecated',
  'readOnly',
  'writeOnly',
])

/** Keywords that are resolved before a shape is made. */
const COMPOSED = ['$ref', 'allOf', 'anyOf', 'oneOf'] as const

type Keyword = (value: unknown, shape: Shape, path: Path, schema: JsonObject) => void

/** What each keyword does to the shape of the values that it admits. */
const KEYWORDS: Readonly<Record<string, Keyword>> = {
  type(value, shape, path) {
    const given = Array.isArray(value) ? value : [value]
    const types = new Set<Type>()
    for (const type of given) {
      if (!TYPES.includes(type)) throw schemaError(path, `'type' is ${shownJson(type)}; types are ${TYPES.join(', ')}.`)
      types.add(type)
    }
    const both = [...shape.types].filter(type => types.has(type))
    if (types.has('integer') && shape.types.has('number') && !types.has('number')) both.push('integer')
    if (shape.types.has('integer') && types.has('number')) both.push('integer')
    shape.types = new Set(both)
  },
  enum(value, shape, path) {
    if (!Array.isArray(value)) throw schemaError(path, "'enum' must be an array.")
    restrict(shape, value)
  },
  const(value, shape) {
    restrict(shape, [value])
  },
  minLength(value, shape, path) {
    shape.minLength = Math.max(shape.minLength, count(value, 'minLength', path))
  },
  maxLength(value, shape, path) {
    shape.maxLength = Math.min(shape.maxLength, count(value, 'maxLength', path))
  },
  pattern(value, shape, path) {
    if (typeof value !== 'string') throw schemaError(path, "'pattern' must be a text.")
    shape.patterns.push(value)
  },
  format(value, shape, path) {
    if (typeof value !== 'string' || !Object.hasOwn(FORMATS, value)) {
      throw schemaError(path, `'format' ${shownJson(value)} is not supported; ${Object.keys(FORMATS).join(', ')} are.`)
    }
    shape.formats.push(value)
  },
  minimum: (value, shape, path) => raise(shape, bound(value, 'minimum', path), false),
  exclusiveMinimum: (value, shape, path) => raise(shape, bound(value, 'exclusiveMinimum', path), true),
  maximum: (value, shape, path) => lower(shape, bound(value, 'maximum', path), false),
  exclusiveMaximum: (value, shape, path) => lower(shape, bound(value, 'exclusiveMaximum', path), true),
  multipleOf(value, shape, path) {
    if (!Number.isInteger(value) || Number(value) < 1 || Number(value) > MAX_DIVISOR) {
      throw schemaError(path, `'multipleOf' is ${shownJson(value)}; integers from 1 to ${MAX_DIVISOR} are supported.`)
    }
    shape.divisors.push(Number(value))
  },
  properties(value, shape, path) {
    if (!isJsonObject(value)) throw schemaError(path, "'properties' must be an object.")
    for (const [name, schema] of Object.entries(value)) {
      const all = shape.properties.get(name) ?? []
      all.push(placed(schema, [...path, 'properties', name]))
      shape.properties.set(name, all)
    }
  },
  required(value, shape, path) {
    if (!Array.isArray(value) || value.some(name => typeof name !== 'string')) {
      throw schemaError(path, "'required' must be an array of names.")
    }
    for (const name of value) shape.required.add(name)
  },
  additionalProperties(value, shape, path, schema) {
    const known = isJsonObject(schema.properties) ? Object.keys(schema.properties) : []
    shape.additional.push({ known: new Set(known), rest: placed(value, [...path, 'additionalProperties']) })
  },
  prefixItems: (_, shape, path, schema) => addItems(shape, path, schema),
  items(_, shape, path, schema) {
    if (schema.prefixItems === undefined) addItems(shape, path, schema)
  },
  // says something beside a list of `items` only, and is read with it
  additionalItems: () => undefined,
  minItems(value, shape, path) {
    shape.minItems = Math.max(shape.minItems, count(value, 'minItems', path))
  },
  maxItems(value, shape, path) {
    shape.maxItems = Math.min(shape.maxItems, count(value, 'maxItems', path))
  },
  uniqueItems(value, _, path) {
    if (value !== false) throw schemaError(path, "'uniqueItems' is not supported.")
  },
}

/** Numbers that a divisor is at most: a state for each remainder. */
const MAX_DIVISOR = 1000

/** Adds all keywords of a schema to a shape. @throws InvalidRequest for those that are not supported, by name */
export function addKeywords(shape: Shape, schema: JsonObject, path: Path): void {
  for (const [keyword, value] of Object.entries(schema)) {
    if (ANNOTATIONS.has(keyword) || (COMPOSED as readonly string[]).includes(keyword)) continue
    if (!Object.hasOwn(KEYWORDS, keyword)) {
      throw schemaError(
        path,
        `'${keyword}' is not supported. Supported are ${[...Object.keys(KEYWORDS), ...COMPOSED].join(', ')}.`,
      )
    }
    KEYWORDS[keyword](value, shape, path, schema)
  }
}

/** A schema, which is an object, or true or false. */
export function placed(schema: unknown, path: Path): Placed {
  if (typeof schema === 'boolean' || isJsonObject(schema)) return { schema, path }
  throw schemaError(path, `a schema must be an object, true or false, but is ${shownJson(schema)}.`)
}

function restrict(shape: Shape, values: readonly unknown[]): void {
  const texts = values.map(value => JSON.stringify(value))
  const known = shape.values
  shape.values = new Set(known ? texts.filter(text => known.has(text)) : texts)
}

function count(value: unknown, keyword: string, path: Path): number {
  if (Number.isInteger(value) && Number(value) >= 0 && Number(value) <= MAX_TIMES) return Number(value)
  throw schemaError(path, `'${keyword}' is ${shownJson(value)}, but must be an integer from 0 to ${MAX_TIMES}.`)
}

function bound(value: unknown, keyword: string, path: Path): number {
  if (typeof value === 'number' && canBound(value)) return value
  throw schemaError(
    path,
    `'${keyword}' is ${shownJson(value)}, but must be a number of up to 21 digits before its point and 24 after.`,
  )
}

function raise(shape: Shape, value: number, isExclusive: boolean): void {
  const { low } = shape
  if (!low || value > low.value || (value === low.value && isExclusive)) shape.low = { value, isExclusive }
}

function lower(shape: Shape, value: number, isExclusive: boolean): void {
  const { high } = shape
  if (!high || value < high.value || (value === high.value && isExclusive)) shape.high = { value, isExclusive }
}

/** The items of a schema, in the words of 2020-12 (`prefixItems`, `items`) or those before (`items`, `additionalItems`). */
function addItems(shape: Shape, path: Path, schema: JsonObject): void {
  const isOld = Array.isArray(schema.items)
  const [name, list] = isOld ? ['items', schema.items] : ['prefixItems', schema.prefixItems ?? []]
  if (!Array.isArray(list)) throw schemaError(path, `'${name}' must be an array.`)
  const restName = isOld ? 'additionalItems' : 'items'
  shape.items.push({
    first: list.map((each, index) => placed(each, [...path, name as string, String(index)])),
    rest: placed(schema[restName] ?? true, [...path, restName]),
  })
}
