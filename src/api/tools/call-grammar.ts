import { isJsonObject, type JsonObject } from '../../core/json'
import type { Tool } from './tool-format'

/** How a notation other than JSON writes calls. */
interface CallStyle {
  /** What stands around all calls. */
  readonly around: readonly [string, string]
  readonly between: string
  /** What stands before a call's name, after it, and after its arguments. */
  readonly call: readonly [string, string, string]
  /** Between an argument's name and its value. */
  readonly assign: string
  /** Within an object: between name and value, and what quotes the name. */
  readonly pair: readonly [string, string]
  /** What quotes texts, and a character in them, as an expression. */
  readonly quote: string
  readonly text: string
  /** True, false, and nothing. */
  readonly constants: readonly [string, string, string]
}

const quoted = (text: string) => JSON.stringify(text)

/**
 * The grammar of calls in a notation other than JSON: names, which arguments must be there, their types and listed values. What else their
 * schemas say is left to the model.
 */
export function callGrammar(tools: readonly Tool[], isParallel: boolean, style: CallStyle): string {
  const { around, between, call, assign, pair, quote, text, constants } = style
  const [yes, no, none] = constants
  const rules = [
    `start: ${quoted(around[0])} call ${isParallel ? `(${quoted(between)} call)*` : ''} ${quoted(around[1])}`,
    `call: ${tools.map((_, index) => `call${index}`).join(' | ')}`,
    `text: ${quoted(quote)} char* ${quoted(quote)}`,
    `char: ${text}`,
    'integer: /-?(0|[1-9][0-9]{0,20})/',
    'number: integer /(\\.[0-9]{1,24})?/',
    `boolean: ${quoted(yes)} | ${quoted(no)}`,
    `null: ${quoted(none)}`,
    'any: text | number | boolean | null | array | object',
    'array: "[" (any ("," " "? any)*)? "]"',
    `object: "{" (pair ("," " "? pair)*)? "}"`,
    `pair: ${quoted(pair[1])} /[A-Za-z_][A-Za-z0-9_]*/ ${quoted(pair[1])} ${quoted(pair[0])} any`,
  ]
  const valueRule = (schema: unknown): string => {
    const { type, items, enum: values } = isJsonObject(schema) ? schema : ({} as JsonObject)
    if (Array.isArray(values) && values.length > 0 && values.every(each => typeof each === 'string')) {
      return `(${values.map(each => quoted(quote + each + quote)).join(' | ')})`
    }
    if (type === 'array') return `"[" (${valueRule(items)} ("," " "? ${valueRule(items)})*)? "]"`
    if (type === 'string') return 'text'
    return ['integer', 'number', 'boolean', 'null', 'object'].includes(type as string) ? String(type) : 'any'
  }
  for (const [index, { name, parameters }] of tools.entries()) {
    const { properties, required } = parameters
    const members = Object.entries(isJsonObject(properties) ? properties : {})
    const mustBe = new Set(Array.isArray(required) ? required : [])
    rules.push(
      `call${index}: ${quoted(`${call[0]}${name}${call[1]}`)} none${index}_0 ${quoted(call[2])}`,
      ...members.flatMap(([key, schema], at) => {
        const value = `${quoted(key + assign)} (${valueRule(schema)}) some${index}_${at + 1}`
        const orNot = (state: string) => (mustBe.has(key) ? '' : ` | ${state}${index}_${at + 1}`)
        return [`none${index}_${at}: ${value}${orNot('none')}`, `some${index}_${at}: "," " "? ${value}${orNot('some')}`]
      }),
      `none${index}_${members.length}: ""`,
      `some${index}_${members.length}: ""`,
    )
  }
  return rules.join('\n')
}
