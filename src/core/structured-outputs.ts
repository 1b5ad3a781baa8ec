import { InvalidRequest } from './errors'
import { isJsonObject, type JsonObject } from './json'
import { shown } from './shown'

/** What an answer must be: exactly one of these. */
export type StructuredOutputs =
  /** JSON that satisfies a schema, given as a value or as JSON text. */
  | { readonly json: JsonObject | boolean | string; readonly whitespace?: boolean }
  /** Any JSON object. */
  | { readonly jsonObject: true; readonly whitespace?: boolean }
  /** A text that matches a regular expression of JavaScript's as a whole. */
  | { readonly regex: string }
  /** One of these texts. */
  | { readonly choice: readonly string[] }
  /** A text of a grammar in GBNF (`root ::= …`) or Lark's notation (`start: …`). */
  | { readonly grammar: string }

const KINDS = ['json', 'jsonObject', 'regex', 'choice', 'grammar'] as const

/** Checks what the answer must be. @throws InvalidRequest for what is none of the kinds, or more than one */
export function checkStructuredOutputs(given: unknown, name: string): StructuredOutputs {
  if (!isJsonObject(given)) {
    throw new InvalidRequest(`${name} is ${shown(given)}, but must be an object like { choice: ['yes', 'no'] }.`)
  }
  const unknown = Object.keys(given).find(key => key !== 'whitespace' && !KINDS.some(kind => kind === key))
  if (unknown)
    throw new InvalidRequest(`${name}.${unknown} is not known. Known are ${KINDS.join(', ')} and whitespace.`)
  const kinds = KINDS.filter(kind => given[kind] !== undefined)
  if (kinds.length !== 1) {
    throw new InvalidRequest(
      `${name} has ${kinds.join(' and ') || 'none of its kinds'}; give one of ${KINDS.join(', ')}.`,
    )
  }
  const [kind] = kinds
  const isGood = IS_GOOD[kind](given[kind])
  if (!isGood) throw new InvalidRequest(`${name}.${kind} is ${shown(given[kind])}, but must be ${MUST_BE[kind]}.`)
  const { whitespace } = given
  if (whitespace !== undefined && (typeof whitespace !== 'boolean' || !kind.startsWith('json'))) {
    throw new InvalidRequest(
      `${name}.whitespace is ${shown(whitespace)}, but must be true or false, beside json or jsonObject.`,
    )
  }
  try {
    // what the caller changes later is of no concern to the call
    return structuredClone(given) as unknown as StructuredOutputs
  } catch (cause) {
    throw new InvalidRequest(`${name}.${kind} holds more than data, such as functions. Give a plain JSON Schema.`, {
      cause,
    })
  }
}

const isText = (value: unknown) => typeof value === 'string'

const IS_GOOD: Readonly<Record<(typeof KINDS)[number], (value: unknown) => boolean>> = {
  json: value => isText(value) || typeof value === 'boolean' || isJsonObject(value),
  jsonObject: value => value === true,
  regex: isText,
  choice: value => Array.isArray(value) && value.length > 0 && value.every(each => isText(each) && each !== ''),
  grammar: isText,
}

const MUST_BE: Readonly<Record<(typeof KINDS)[number], string>> = {
  json: 'a JSON Schema, as an object or as JSON',
  jsonObject: 'true',
  regex: 'a text',
  choice: 'an array of at least one text, none of them empty',
  grammar: 'a text',
}
