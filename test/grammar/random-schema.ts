import type { JsonObject } from '../../src/core/json'
import type { Random } from '../support/random'

type Schema = JsonObject | boolean
const NAMES = ['a', 'b', 'long name', 'ä"', 'e']
const TEXTS = ['', 'a', 'ab', 'b\n"', 'äöü', '😀', 'a-1', 'xyz\\', '2024-02-29', '\u0001']
const PATTERNS = [
  '^a',
  'b$',
  '^[a-z]{1,3}$',
  '[^a-z]',
  '^(a|xy)',
  '\\d+',
  '^\\p{L}*$',
  '^$|1',
  '^',
  '(^|,)a',
  '(|x)a',
  'a(b|)',
]

/** A random schema of the supported keywords; `depth` levels of arrays and objects at most. */
export function randomSchema(random: Random, depth: number, root = true): Schema {
  const pick = <T>(list: readonly T[]): T => list[random.int(0, list.length)]
  const maybe = (p: number) => random.next() < p
  const inner = (): Schema => randomSchema(random, depth - 1, false)
  const kinds = ['null', 'boolean', 'integer', 'number', 'string', 'string', 'enum', 'const', 'types', 'any']
  if (depth > 0) kinds.push('object', 'object', 'object', 'array', 'array', 'anyOf', 'allOf', 'ref', 'items')
  const kind = root ? pick(['object', 'array', 'anyOf', 'allOf']) : pick(kinds)
  switch (kind) {
    case 'null':
    case 'boolean':
      return { type: kind }
    case 'integer':
    case 'number': {
      const schema: Record<string, unknown> = { type: kind }
      if (maybe(0.5)) schema[pick(['minimum', 'exclusiveMinimum'])] = pick([-12.5, -3, 0, 1, 0.25, 7])
      if (maybe(0.5)) schema[pick(['maximum', 'exclusiveMaximum'])] = pick([-1, 0, 0.5, 3, 9.75, 100, 1000])
      if (kind === 'integer' && maybe(0.3)) schema.multipleOf = pick([1, 2, 3, 5, 10])
      return schema
    }
    case 'string': {
      const schema: Record<string, unknown> = { type: 'string' }
      if (maybe(0.3)) schema.minLength = random.int(0, 3)
      if (maybe(0.3)) schema.maxLength = random.int(0, 4)
      if (maybe(0.4)) schema.pattern = pick(PATTERNS)
      return schema
    }
    case 'enum':
      return { enum: [...new Set([pick(TEXTS), pick(TEXTS), 1, null, true, 2.5].slice(0, random.int(1, 7)))] }
    case 'const':
      return { const: pick([...TEXTS, 0, false, null]) }
    case 'types':
      return { type: [...new Set([pick(['string', 'integer', 'null']), pick(['number', 'boolean'])])] }
    case 'any':
      return pick<Schema>([true, {}, { description: 'anything' }])
    case 'object': {
      const names = NAMES.filter(() => maybe(0.6))
      const schema: Record<string, unknown> = { type: 'object' }
      schema.properties = Object.fromEntries(names.map(name => [name, inner()]))
      schema.required = NAMES.filter(name => maybe(names.includes(name) ? 0.5 : 0.1))
      if (maybe(0.6)) schema.additionalProperties = pick<Schema>([false, { type: 'integer' }, true])
      return schema
    }
    case 'array':
      return arrayOf({ items: inner() })
    case 'items':
      return arrayOf({ prefixItems: [inner(), inner()], items: pick<Schema>([false, true, { type: 'null' }]) })
    case 'anyOf':
      return { anyOf: [inner(), inner(), inner()] }
    case 'allOf':
      return { allOf: [inner(), inner()] }
    default:
      return { $ref: '#' }
  }
  function arrayOf(items: JsonObject): JsonObject {
    const bounds: Record<string, unknown> = {}
    if (maybe(0.4)) bounds.minItems = random.int(0, 3)
    if (maybe(0.4)) bounds.maxItems = random.int(1, 4)
    return { type: 'array', ...items, ...bounds }
  }
}

/** A random value, mostly one that the schema could be about. */
export function randomValue(random: Random, schema: Schema, root: Schema, depth: number): unknown {
  const pick = <T>(list: readonly T[]): T => list[random.int(0, list.length)]
  if (typeof schema === 'boolean' || depth <= 0 || random.next() < 0.06) {
    return pick<unknown>([null, true, 0, 5, -7, 0.5, 'a', 'b"', [], {}, [1], { a: 1 }, { z: 'b' }])
  }
  const of = (each: unknown) => randomValue(random, each as Schema, root, depth - 1)
  if (schema.$ref) return of(root)
  for (const keyword of ['anyOf', 'allOf']) if (schema[keyword]) return of(pick(schema[keyword] as Schema[]))
  if (schema.enum) return pick(schema.enum as unknown[])
  if ('const' in schema) return schema.const
  const type = Array.isArray(schema.type) ? pick(schema.type) : schema.type
  switch (type) {
    case 'boolean':
      return random.next() < 0.5
    case 'integer':
      return random.int(-20, 120)
    case 'number':
      return pick([random.int(-20, 20), random.int(-1000, 1100) / 8, random.int(-5, 10) + 0.5, 1e15, 0.000001])
    case 'string':
      return pick(TEXTS) + (random.next() < 0.2 ? pick(TEXTS) : '')
    case 'object': {
      const properties = (schema.properties ?? {}) as Record<string, Schema>
      const names = [...Object.keys(properties), ...(schema.required as string[])]
      const kept = names.filter(name => random.next() < ((schema.required as string[]).includes(name) ? 0.95 : 0.5))
      if (random.next() < 0.2) kept.push(pick(['z', 'zz', ...NAMES]))
      return Object.fromEntries(kept.map(name => [name, of(properties[name] ?? schema.additionalProperties ?? true)]))
    }
    case 'array': {
      const first = (schema.prefixItems ?? []) as Schema[]
      return Array.from({ length: random.int(0, 4) }, (_, index) => of(first[index] ?? schema.items ?? true))
    }
    default:
      return pick<unknown>([null, 3, 'a'])
  }
}

/** The texts of a value, one for each order of properties that a way through the schema's alternatives has. */
export function textsOf(value: unknown, all: readonly Schema[], root: Schema): Set<string> {
  const texts = new Set<string>()
  if (typeof value !== 'object' || value === null) return texts.add(JSON.stringify(value))
  for (const way of waysOf(all, root)) {
    const objects = way.filter(schema => typeof schema === 'object')
    if (Array.isArray(value)) {
      const items = value.map((item, index) => {
        const own = objects.map(each => ((each.prefixItems as Schema[]) ?? [])[index] ?? each.items ?? true)
        return textsOf(item, own as Schema[], root)
      })
      for (const parts of product(items)) texts.add(`[${parts.join(',')}]`)
      continue
    }
    const named = objects.flatMap(each => Object.keys(each.properties ?? {}))
    const required = objects.flatMap(each => (each.required as string[]) ?? [])
    const order = [...new Set([...named, ...required, ...Object.keys(value)])].filter(name =>
      Object.hasOwn(value, name),
    )
    const members = order.map(name => {
      const own = objects.map(
        each => (each.properties as Record<string, Schema>)?.[name] ?? each.additionalProperties ?? true,
      )
      const inner = textsOf((value as JsonObject)[name], own as Schema[], root)
      return new Set([...inner].map(text => `${JSON.stringify(name)}:${text}`))
    })
    for (const parts of product(members)) texts.add(`{${parts.join(',')}}`)
  }
  return texts
}

function waysOf(all: readonly Schema[], root: Schema): Schema[][] {
  return all.reduce<Schema[][]>(
    (ways, schema) => {
      if (typeof schema === 'boolean') return ways.map(way => [...way, schema])
      const inner: Schema[][] = schema.$ref
        ? waysOf([root], root)
        : schema.allOf
          ? waysOf(schema.allOf as Schema[], root)
          : schema.anyOf
            ? (schema.anyOf as Schema[]).flatMap(each => waysOf([each], root))
            : [[schema]]
      return ways.flatMap(way => inner.map(each => [...way, ...each]))
    },
    [[]],
  )
}

function product(lists: readonly Set<string>[]): string[][] {
  return lists.reduce<string[][]>((rows, list) => rows.flatMap(row => [...list].map(each => [...row, each])), [[]])
}
