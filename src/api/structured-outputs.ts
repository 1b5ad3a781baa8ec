import { isJsonObject, type JsonObject } from '../core/json'
import { shown, shownJson } from '../core/shown'
import type { StructuredOutputs } from '../core/structured-outputs'
import { RefusedRequest } from './refused-request'

/** What an answer is held to, and the field that says so. */
export interface HeldBy {
  readonly field: string
  readonly value: StructuredOutputs
}

/** vLLM's fields of the time before `structured_outputs`, and what each was there. */
const GUIDED: Readonly<Record<string, string>> = {
  guided_json: 'json',
  guided_regex: 'regex',
  guided_choice: 'choice',
  guided_grammar: 'grammar',
}

/** The kinds of vLLM's `structured_outputs`, by our names; the engine checks their values. */
const KINDS: Readonly<Record<string, string>> = {
  json: 'json',
  regex: 'regex',
  choice: 'choice',
  grammar: 'grammar',
  json_object: 'jsonObject',
}

/** OpenAI's rule for the names of schemas and tools. */
export const NAME = /^[\w-]{1,64}$/

/** What a request's answer is held to; undefined if it may be anything. @throws RefusedRequest */
export function readStructuredOutputs(body: JsonObject): HeldBy | undefined {
  const found: HeldBy[] = []
  const add = (field: string, value: object | undefined) => {
    if (value) found.push({ field, value: value as StructuredOutputs })
  }
  if (isGiven(body.response_format)) add('response_format', readResponseFormat(body.response_format))
  if (isGiven(body.structured_outputs)) add('structured_outputs', readExtras(body.structured_outputs))
  for (const [field, kind] of Object.entries(GUIDED)) if (isGiven(body[field])) add(field, { [kind]: body[field] })
  const [first, second] = found
  if (!second) return first
  throw new RefusedRequest(`\`${second.field}\` stands beside \`${first.field}\`; give one of them.`, second.field)
}

function isGiven(value: unknown): boolean {
  return value !== undefined && value !== null
}

/** A schema is held to whether or not it is `strict`. */
function readResponseFormat(format: unknown): object | undefined {
  const type = isJsonObject(format) ? format.type : undefined
  if (type === 'text') return undefined
  if (type === 'json_object') return { jsonObject: true }
  if (type !== 'json_schema') {
    const message = `\`response_format.type\` is ${shownJson(type)}, but must be text, json_object or json_schema.`
    throw new RefusedRequest(message, 'response_format.type')
  }
  const param = 'response_format.json_schema'
  const given = (format as JsonObject).json_schema
  const { name, schema } = isJsonObject(given) ? given : {}
  if (typeof name !== 'string' || !NAME.test(name)) {
    const message = `\`${param}.name\` is ${shown(name)}, but must be 1 to 64 letters, digits, _ and -.`
    throw new RefusedRequest(message, `${param}.name`, name === undefined ? 'missing_required_parameter' : undefined)
  }
  if (!isJsonObject(schema)) {
    const message = `\`${param}.schema\` is ${shown(schema)}, but must be a JSON Schema.`
    throw new RefusedRequest(
      message,
      `${param}.schema`,
      schema === undefined ? 'missing_required_parameter' : undefined,
    )
  }
  return { json: schema }
}

/** vLLM's `structured_outputs`. Without white space unless `disable_any_whitespace` is false. */
function readExtras(given: unknown): object {
  const field = 'structured_outputs'
  if (!isJsonObject(given)) throw new RefusedRequest(`\`${field}\` is ${shown(given)}, but must be an object.`, field)
  const { disable_any_whitespace: isCompact = true, ...kinds } = given
  const value: Record<string, unknown> = {}
  for (const [name, each] of Object.entries(kinds)) {
    if (each === null || (name === 'json_object' && each === false)) continue
    if (!Object.hasOwn(KINDS, name)) {
      const message = `\`${field}.${name}\` is not supported. Supported are ${Object.keys(KINDS).join(', ')}.`
      throw new RefusedRequest(message, `${field}.${name}`, 'unknown_parameter')
    }
    value[KINDS[name]] = each
  }
  return { ...value, ...(isCompact ? {} : { whitespace: true }) }
}
