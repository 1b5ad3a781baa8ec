import type { JsonObject } from '../../core/json'
import { type Automaton, accepts, difference, intersection, isEmpty } from '../automaton/automaton'
import { determinise } from '../automaton/determinise'
import {
  byteRange,
  choice,
  EMPTY,
  type Expression,
  embed,
  literal,
  type Members,
  NOTHING,
  optional,
  repeat,
  sequence,
} from '../automaton/expression'
import type { Rules } from '../automaton/rules'
import type { Budget } from '../limits'
import { parsePattern } from '../text/parse-pattern'
import { textsOf, type Writer } from '../text/pattern-node'
import { alternatives } from './alternatives'
import { FORMATS } from './formats'
import { CHARACTER, DECIMAL, INTEGER, NUMBER, quoted, STRING, stringWriter } from './json-text'
import { decimalsWithin } from './number-range'
import { remainders } from './remainders'
import { type Path, schemaError } from './schema-error'
import { type All, ofItem, ofProperty, type Placed, type Shape } from './shape'

const TRUE: Placed = { schema: true, path: [] }
const encoder = new TextEncoder()

/**
 * The texts of the values that satisfy a schema: as `JSON.stringify` writes them, properties in the order of the schema,
 * those that it does not name after them. `hasSpaces`: with spaces and line breaks wherever JSON may have them.
 * @throws InvalidRequest for keywords that are not supported
 */
export function compileSchema(
  schema: JsonObject | boolean,
  rules: Rules,
  budget: Budget,
  hasSpaces: boolean,
): Expression {
  return new SchemaCompiler(schema, rules, budget, hasSpaces).compile()
}

class SchemaCompiler {
  readonly #root: JsonObject | boolean
  readonly #rules: Rules
  /** What its values' rules are called, apart from those of other schemas of the grammar. */
  readonly #name: string
  readonly #budget: Budget
  readonly #write: Writer
  /** What stands between two symbols. */
  readonly #space: Expression
  readonly #ids = new Map<unknown, number>()
  readonly #patterns = new Map<string, Automaton>()
  #apartDepth = 0
  #numCompared = 0

  constructor(root: JsonObject | boolean, rules: Rules, budget: Budget, hasSpaces: boolean) {
    this.#root = root
    this.#rules = rules
    this.#name = `value of ${rules.size}`
    this.#budget = budget
    this.#write = stringWriter(budget)
    const anySpace = choice(...[0x20, 0x09, 0x0a, 0x0d].map(byte => byteRange(byte)))
    this.#space = hasSpaces ? rules.call('space', () => repeat(anySpace, 0, MAX_SPACES)) : EMPTY
  }

  compile(): Expression {
    return this.#value([{ schema: this.#root, path: [] }])
  }

  /** A value that satisfies all of `all`: a rule, so that schemas may contain themselves. */
  #value(all: All): Expression {
    const key = [...new Set(all.map(({ schema }) => this.#idOf(schema)))].sort((a, b) => a - b).join(' ')
    return this.#rules.call(`${this.#name} ${key}`, () => {
      return choice(...this.#shapes(all).map(shape => this.#shape(shape, all[0].path)))
    })
  }

  #idOf(schema: unknown): number {
    const id = this.#ids.get(schema) ?? this.#ids.size
    this.#ids.set(schema, id)
    return id
  }

  #shapes(all: All): Shape[] {
    return alternatives(all, this.#root, (a, b) => this.#areApart(a, b))
  }

  #shape(shape: Shape, path: Path): Expression {
    const { types } = shape
    if (shape.values) return this.#values(shape, shape.values, path)
    const items: Expression[] = []
    if (types.has('null')) items.push(literal('null'))
    if (types.has('boolean')) items.push(literal('true'), literal('false'))
    if (types.has('number') || types.has('integer')) items.push(this.#number(shape))
    if (types.has('string')) items.push(this.#string(shape))
    if (types.has('array')) items.push(this.#array(shape))
    if (types.has('object')) items.push(this.#object(shape))
    return choice(...items)
  }

  /** Those of the listed values that satisfy the shape's other keywords too. */
  #values(shape: Shape, values: ReadonlySet<string>, path: Path): Expression {
    const { types } = shape
    const string = automaton(() => this.#string(shape), this.#budget)
    const kept = [...values].filter(text => {
      switch (text[0]) {
        case '{':
        case '[':
          if (isOpenEnded(shape)) return types.has(text[0] === '{' ? 'object' : 'array')
          throw schemaError(
            path,
            "objects and arrays in 'enum' and 'const' are supported without keywords for their contents.",
          )
        case '"':
          return types.has('string') && (isPlainString(shape) || accepts(string(), encoder.encode(text)))
        case 't':
        case 'f':
          return types.has('boolean')
        case 'n':
          return types.has('null')
        default:
          return admitsNumber(shape, Number(text))
      }
    })
    return choice(...kept.map(literal))
  }

  #number(shape: Shape): Expression {
    const isInteger = !shape.types.has('number')
    if (isPlainNumber(shape)) return isInteger ? this.#rule('integer', INTEGER) : this.#rule('number', NUMBER)
    const all = [isInteger || shape.divisors.length > 0 ? INTEGER : DECIMAL]
    if (shape.low || shape.high) all.push(decimalsWithin(shape.low, shape.high, each => this.#within(each)))
    all.push(...shape.divisors.map(divisor => embed(remainders(divisor))))
    return this.#within(all)
  }

  #string(shape: Shape): Expression {
    if (isPlainString(shape)) return this.#rule('string', STRING)
    const { minLength, maxLength, patterns, formats } = shape
    if (minLength > maxLength) return NOTHING
    const all = [
      ...formats.map(format => this.#pattern(FORMATS[format], true)),
      ...patterns.map(pattern => this.#pattern(pattern, false)),
    ]
    if (minLength > 0 || maxLength < Number.POSITIVE_INFINITY) all.push(repeat(CHARACTER, minLength, maxLength))
    return quoted(this.#within(all))
  }

  /** The content of strings in which a pattern is found, or that are its match. */
  #pattern(source: string, isWhole: boolean): Expression {
    const key = `${isWhole} ${source}`
    let found = this.#patterns.get(key)
    if (!found) {
      const around = isWhole ? EMPTY : repeat(CHARACTER, 0)
      found = determinise(textsOf(parsePattern(source), this.#write, around), this.#budget)
      this.#patterns.set(key, found)
    }
    return embed(found)
  }

  #array(shape: Shape): Expression {
    const numFirst = shape.items.reduce((most, { first }) => Math.max(most, first.length), 0)
    const { minItems, maxItems } = shape
    if (minItems > maxItems) return NOTHING
    const item = (index: number) => this.#value(withDefault(ofItem(shape, index)))
    // from the end: the rest of the list after each place
    const [comma, space] = [this.#comma(), this.#space]
    const further = sequence(comma, item(numFirst))
    const restMax = maxItems - numFirst
    let rest: Expression =
      restMax <= 0 ? EMPTY : this.#list(numFirst, further, item(numFirst), Math.max(0, minItems - numFirst), restMax)
    for (let index = Math.min(numFirst, maxItems) - 1; index >= 0; index--) {
      const more = sequence(...(index > 0 ? [comma] : []), item(index), rest)
      rest = index < minItems ? more : optional(more)
    }
    return sequence(literal('['), space, rest, space, literal(']'))
  }

  /** Items from the place `from` on. */
  #list(from: number, further: Expression, first: Expression, min: number, max: number): Expression {
    if (from > 0) return repeat(further, min, max)
    const all = sequence(first, repeat(further, Math.max(0, min - 1), max - 1))
    return min > 0 ? all : optional(all)
  }

  /** Properties in the order of the schema, then required ones that it has not described, then any others. */
  #object(shape: Shape): Expression {
    const named = [...new Set([...shape.properties.keys(), ...shape.required])]
    const others = shape.additional.map(({ rest }) => rest)
    const member = (name: string) => {
      const value = this.#value(withDefault(ofProperty(shape, name)))
      return sequence(literal(JSON.stringify(name)), this.#colon(), value)
    }
    const hasOthers = !others.some(({ schema }) => schema === false)
    const other = hasOthers
      ? sequence(this.#otherNames(named), this.#colon(), this.#value(withDefault(others)))
      : NOTHING
    const members: Members = {
      type: 'members',
      members: named.map(name => ({ item: member(name), isRequired: shape.required.has(name) })),
      other,
      separator: this.#comma(),
    }
    return sequence(literal('{'), this.#space, members, this.#space, literal('}'))
  }

  /** The names of properties that are not among these. */
  #otherNames(names: readonly string[]): Expression {
    if (names.length === 0) return this.#rule('string', STRING)
    return this.#rules.call(`names ${JSON.stringify(names)}`, () => {
      const all = determinise(STRING, this.#budget)
      const known = determinise(choice(...names.map(name => literal(JSON.stringify(name)))), this.#budget)
      return embed(difference(all, known, this.#budget))
    })
  }

  /** What all of several expressions, without calls, say. */
  #within(all: readonly Expression[]): Expression {
    return embed(this.#intersection(all))
  }

  #intersection(all: readonly Expression[]): Automaton {
    const [first, ...others] = all.map(each =>
      each.type === 'automaton' ? each.automaton : determinise(each, this.#budget),
    )
    return others.reduce((both, each) => intersection(both, each, this.#budget), first)
  }

  #rule(name: string, expression: Expression): Expression {
    return this.#rules.call(name, () => expression)
  }

  #comma(): Expression {
    return sequence(this.#space, literal(','), this.#space)
  }

  #colon(): Expression {
    return sequence(this.#space, literal(':'), this.#space)
  }

  /** Whether no value can satisfy both; false where that is not easily seen. */
  #areApart(a: All, b: All): boolean {
    if (this.#apartDepth >= MAX_APART_DEPTH || ++this.#numCompared > MAX_COMPARED) return false
    this.#apartDepth++
    const others = this.#shapes(b)
    const areApart = this.#shapes(a).every(one => others.every(other => this.#shapesAreApart(one, other)))
    this.#apartDepth--
    return areApart
  }

  #shapesAreApart(a: Shape, b: Shape): boolean {
    if (a.values && b.values) return ![...a.values].some(text => b.values?.has(text))
    const [inA, inB] = [typesOf(a), typesOf(b)]
    const common = [...inA].filter(type => inB.has(type))
    return common.every(type => {
      switch (type) {
        case 'number': {
          const [values, other] = a.values ? [a.values, b] : [b.values, a]
          if (values) return ![...values].some(text => IS_NUMBER.test(text) && admitsNumber(other, Number(text)))
          return this.#haveNoText(this.#plainNumber(a), this.#plainNumber(b))
        }
        case 'string':
          return this.#haveNoText(this.#plainString(a), this.#plainString(b))
        case 'object': {
          if (a.values || b.values) return false
          const names = [...a.required].filter(name => b.required.has(name))
          const isDecided = names.some(name => this.#areApart(ofProperty(a, name), ofProperty(b, name)))
          return isDecided || lacks(a, b) || lacks(b, a)
        }
        default:
          return false
      }
    })
  }

  /** Numbers without calls of rules. */
  #plainNumber(shape: Shape): Expression {
    if (!isPlainNumber(shape)) return this.#number(shape)
    return shape.types.has('number') ? NUMBER : INTEGER
  }

  #plainString(shape: Shape): Expression {
    if (shape.values) return choice(...[...shape.values].filter(text => text[0] === '"').map(literal))
    return isPlainString(shape) ? STRING : this.#string(shape)
  }

  #haveNoText(a: Expression, b: Expression): boolean {
    return isEmpty(this.#intersection([a, b]))
  }
}

const IS_NUMBER = /^[-\d]/

/** Spaces in a row, where they are asked for: a model may like nothing better. */
const MAX_SPACES = 64

/** Levels at which two alternatives are compared, and comparisons of a whole schema's alternatives. */
const MAX_APART_DEPTH = 4
const MAX_COMPARED = 2 ** 14

function withDefault(all: All): All {
  return all.length > 0 ? all : [TRUE]
}

/** `number` for both kinds of numbers. */
function typesOf({ types, values }: Shape): Set<string> {
  if (!values) return new Set([...types].map(type => (type === 'integer' ? 'number' : type)))
  const names: Readonly<Record<string, string>> = {
    '"': 'string',
    '{': 'object',
    '[': 'array',
    t: 'boolean',
    f: 'boolean',
    n: 'null',
  }
  return new Set([...values].map(text => names[text[0]] ?? 'number'))
}

/** Whether `b` must have a property that `a` can't have. */
function lacks(a: Shape, b: Shape): boolean {
  return [...b.required].some(name => ofProperty(a, name).some(({ schema }) => schema === false))
}

function isPlainString({ minLength, maxLength, patterns, formats }: Shape): boolean {
  return minLength === 0 && maxLength === Number.POSITIVE_INFINITY && patterns.length === 0 && formats.length === 0
}

function isPlainNumber({ low, high, divisors }: Shape): boolean {
  return !low && !high && divisors.length === 0
}

function admitsNumber({ types, low, high, divisors }: Shape, value: number): boolean {
  if (!types.has('number') && !(types.has('integer') && Number.isInteger(value))) return false
  if (low && (low.isExclusive ? value <= low.value : value < low.value)) return false
  if (high && (high.isExclusive ? value >= high.value : value > high.value)) return false
  return divisors.every(divisor => value % divisor === 0)
}

function isOpenEnded({ properties, required, additional, items, minItems, maxItems }: Shape): boolean {
  const hasNoItems = items.length === 0 && minItems === 0 && maxItems === Number.POSITIVE_INFINITY
  return hasNoItems && properties.size === 0 && required.size === 0 && additional.length === 0
}

/** An automaton that is made when it is needed. */
function automaton(expression: () => Expression, budget: Budget): () => Automaton {
  let made: Automaton | undefined
  return () => {
    made ??= determinise(expression(), budget)
    return made
  }
}
