import type { JsonObject } from '../../core/json'
import type { Bound } from './number-range'
import type { Path } from './schema-error'

export const TYPES = ['null', 'boolean', 'integer', 'number', 'string', 'array', 'object'] as const
export type Type = (typeof TYPES)[number]

/** A schema within its document, and where it stands there. */
export interface Placed {
  readonly schema: JsonObject | boolean
  readonly path: Path
}

/** Schemas that must hold together. */
export type All = readonly Placed[]

/** What a value must be, of one alternative of a schema: all its keywords together. */
export interface Shape {
  /** `number` includes `integer`, which stands here only without it. */
  types: Set<Type>
  /** JSON texts of the values of `enum` and `const`. */
  values: ReadonlySet<string> | undefined
  minLength: number
  maxLength: number
  readonly patterns: string[]
  readonly formats: string[]
  low: Bound | undefined
  high: Bound | undefined
  readonly divisors: number[]
  readonly properties: Map<string, Placed[]>
  readonly required: Set<string>
  /** For each schema with `additionalProperties`: which names it says otherwise, and what holds for the rest. */
  readonly additional: { readonly known: ReadonlySet<string>; readonly rest: Placed }[]
  /** For each schema with items: those of the first places, and of the rest. */
  readonly items: { readonly first: readonly Placed[]; readonly rest: Placed }[]
  minItems: number
  maxItems: number
}

export function newShape(): Shape {
  return {
    types: new Set(TYPES.filter(type => type !== 'integer')),
    values: undefined,
    minLength: 0,
    maxLength: Number.POSITIVE_INFINITY,
    patterns: [],
    formats: [],
    low: undefined,
    high: undefined,
    divisors: [],
    properties: new Map(),
    required: new Set(),
    additional: [],
    items: [],
    minItems: 0,
    maxItems: Number.POSITIVE_INFINITY,
  }
}

/** The schemas that a property's value must satisfy. */
export function ofProperty(shape: Shape, name: string): All {
  const rest = shape.additional.filter(({ known }) => !known.has(name)).map(each => each.rest)
  return [...(shape.properties.get(name) ?? []), ...rest]
}

/** The schemas that the item at `index` must satisfy. */
export function ofItem(shape: Shape, index: number): All {
  return shape.items.map(({ first, rest }) => first[index] ?? rest)
}
