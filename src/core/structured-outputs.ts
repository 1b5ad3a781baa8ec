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

type Kind = 'json' | 'jsonObject' | 'regex' | 'choice' | 'grammar'

const isText = (value: unknown) => typeof value === 'string'

/** What each kind must be, in words and as a check. */
const KINDS: Readonly<Record<Kind, readonly [string, (value: unknown) => boolean]>> = {
  json: [
    'a JSON Schema, as an object or as JSON',
    value => isText(value) || typeof value === 'boolean' || isJsonObject(value),
  ],
  jsonObject: ['true', value => value === true],
  regex: ['a text', isText],
  choice: [
    'an array of texts, none empty',
    value => Array.isArray(value) && value.length > 0 && value.every(each => isText(each) && each !== ''),
  ],
  grammar: ['a text', isText],
}

/** Checks what the answer must be. @throws InvalidRequest for what is none of the kinds, or more than one */
export function checkStructuredOutputs(given: unknown, name: string): StructuredOutputs {
  if (!isJsonObject(given)) {
    throw new InvalidRequest(`${name} is ${shown(given)}, but must be an object like { choice: ['yes', 'no'] }.`)
  }
  const known = Object.keys(KINDS) as Kind[]
  const unknown = Object.keys(given).find(key => key !== 'whitespace' && !Object.hasOwn(KINDS, key))
  if (unknown)
    throw new InvalidRequest(`${name}.${unknown} is not known. Known are ${known.join(', ')} and whitespace.`)
  const kinds = known.filter(kind => given[kind] !== undefined)
  if (kinds.length !== 1) {
    throw new InvalidRequest(
      `${name} has ${kinds.join(' and ') || 'none of its kinds'}; give one of ${known.join(', ')}.`,
    )
  }
  const expect = (field: string, isGood: boolean, mustBe: string) => {
    if (!isGood) throw new InvalidRequest(`${name}.${field} is ${shown(given[field])}, but must be ${mustBe}.`)
  }
  const [kind] = kinds
  const [mustBe, isGood] = KINDS[kind]
  expect(kind, isGood(given[kind]), mustBe)
  const { whitespace } = given
  const isFlag = whitespace === undefined || (typeof whitespace === 'boolean' && kind.startsWith('json'))
  expect('whitespace', isFlag, 'true or false, beside json or jsonObject')
  try {
    // what the caller changes later is of no concern to the call
    return structuredClone(given) as unknown as StructuredOutputs
  } catch (cause) {
    throw new InvalidRequest(`${name}.${kind} is no plain JSON Schema: it holds more than data.`, {
      cause,
    })
  }
}
