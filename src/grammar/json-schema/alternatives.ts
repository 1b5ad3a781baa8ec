import { isJsonObject, type JsonObject } from '../../core/json'
import { shownJson } from '../../core/shown'
import { addKeywords, placed } from './keywords'
import { schemaError } from './schema-error'
import { type All, newShape, type Placed, type Shape } from './shape'

/** Alternatives of a schema, those within each other multiplied. */
const MAX_ALTERNATIVES = 256

/** Decides whether two schemas have no value in common. */
export type AreApart = (a: All, b: All) => boolean

/**
 * The shapes of what satisfies all of `all`: one for each way through its `anyOf` and `oneOf`, references followed.
 * @throws InvalidRequest for what is not supported; for `oneOf` where a value may satisfy more than one
 */
export function alternatives(all: All, root: JsonObject | boolean, areApart: AreApart): Shape[] {
  let ways: { readonly schemas: Placed[] }[] = [{ schemas: [] }]
  const seen = new Set<unknown>()
  /** Those around the one at hand. */
  const open = new Set<unknown>()
  const add = (each: Placed): void => {
    const { schema, path } = each
    if (open.has(schema)) throw schemaError(path, 'the schema refers to itself without an object or array between.')
    if (seen.has(schema)) return
    for (const way of ways) way.schemas.push(each)
    if (typeof schema === 'boolean') return
    seen.add(schema)
    open.add(schema)
    addComposed(each, schema)
    open.delete(schema)
  }
  const addComposed = (each: Placed, schema: JsonObject): void => {
    const { path } = each
    if (schema.$ref !== undefined) add(resolve(schema.$ref, root, path))
    for (const [index, item] of list(schema, 'allOf', path).entries())
      add(placed(item, [...path, 'allOf', String(index)]))
    for (const keyword of ['anyOf', 'oneOf'] as const) {
      if (schema[keyword] === undefined) continue
      const branches = list(schema, keyword, path).map((item, index) => placed(item, [...path, keyword, String(index)]))
      if (keyword === 'oneOf') holdApart(branches, each, areApart)
      split(branches)
    }
  }
  const split = (branches: readonly Placed[]): void => {
    const before = ways
    if (before.length * branches.length > MAX_ALTERNATIVES) {
      throw schemaError(branches[0].path, `there are more than ${MAX_ALTERNATIVES} alternatives.`)
    }
    const after = branches.flatMap(branch => {
      const own = before.map(({ schemas }) => ({ schemas: [...schemas] }))
      ways = own
      const known = new Set(seen)
      add(branch)
      const found = ways
      for (const schema of seen) if (!known.has(schema)) seen.delete(schema)
      return found
    })
    ways = after
  }
  for (const each of all) add(each)
  return ways.flatMap(({ schemas }) => {
    if (schemas.some(({ schema }) => schema === false)) return []
    const shape = newShape()
    for (const { schema, path } of schemas) if (typeof schema === 'object') addKeywords(shape, schema, path)
    return [shape]
  })
}

function holdApart(branches: readonly Placed[], { path }: Placed, areApart: AreApart): void {
  branches.forEach((branch, index) => {
    const other = branches.slice(index + 1).findIndex(each => !areApart([branch], [each]))
    if (other < 0) return
    throw schemaError(
      path,
      `'oneOf' is supported only where no value can satisfy two of it, which ${index} and ${index + 1 + other} may. Use anyOf.`,
    )
  })
}

function list(schema: JsonObject, keyword: string, path: readonly string[]): readonly unknown[] {
  const value = schema[keyword]
  if (value === undefined) return []
  if (Array.isArray(value) && value.length > 0) return value
  throw schemaError(path, `'${keyword}' must be an array of schemas.`)
}

/** The schema that a reference within the document points to. */
function resolve(reference: unknown, root: JsonObject | boolean, path: readonly string[]): Placed {
  const pointer = typeof reference === 'string' ? /^#((?:\/.*)?)$/.exec(reference)?.[1] : undefined
  if (pointer === undefined) {
    throw schemaError(
      path,
      `'$ref' is ${shownJson(reference)}; supported are those within the schema, like #/$defs/name.`,
    )
  }
  const names = pointer
    .split('/')
    .slice(1)
    .map(name => unescaped(name, path))
  let value: unknown = root
  for (const name of names) {
    const isHolder = isJsonObject(value) || (Array.isArray(value) && /^\d+$/.test(name))
    value = isHolder && Object.hasOwn(value as JsonObject, name) ? (value as JsonObject)[name] : undefined
  }
  if (value === undefined) throw schemaError(path, `'$ref' is ${shownJson(reference)}, which is not there.`)
  return placed(value, names)
}

function unescaped(name: string, path: readonly string[]): string {
  try {
    return decodeURIComponent(name).replace(/~1/g, '/').replace(/~0/g, '~')
  } catch (cause) {
    if (!(cause instanceof URIError)) throw cause
    throw schemaError(path, `'$ref' has ${shownJson(name)}, where a % stands without two digits of UTF-8.`)
  }
}
