import { isJsonObject, type JsonObject } from '../core/json'
import { shown, shownJson } from '../core/shown'
import { type Message, type TextPart, textOf } from '../engine/prompt'
import { RefusedRequest } from './refused-request'

/** Fields of a message that chat templates read; they get them as they are. */
const PASSED_ON = new Set(['name', 'tool_calls', 'tool_call_id', 'reasoning_content', 'reasoning', 'thinking'])

/** Fields of a message of OpenAI's that templates know nothing of: null, or an empty list. */
const EMPTY = new Set(['refusal', 'annotations', 'audio', 'function_call'])

const isEmpty = (value: unknown) => value === null || (Array.isArray(value) && value.length === 0)

/** The messages of a chat, as chat templates take them. @throws RefusedRequest */
export function readMessages(messages: unknown): Message[] {
  if (!Array.isArray(messages) || messages.length === 0) {
    throw new RefusedRequest('`messages` must be an array of at least one {role, content}.', 'messages')
  }
  return messages.map((message, index) => readMessage(message, `messages[${index}]`))
}

function readMessage(message: unknown, where: string): Message {
  const { role, content, ...rest } = isJsonObject(message) ? message : {}
  if (typeof role !== 'string') throw mustHaveTexts(where)
  const fields: Record<string, unknown> = {}
  for (const [name, value] of Object.entries(rest)) {
    const path = `${where}.${name}`
    if (!PASSED_ON.has(name) && !EMPTY.has(name)) {
      throw new RefusedRequest(`${where} has unknown field ${name}.`, path, 'unknown_parameter')
    }
    if (isEmpty(value)) continue
    if (!PASSED_ON.has(name)) {
      throw new RefusedRequest(`${path} is ${shownJson(value)}, but only null is supported.`, path, 'unsupported_value')
    }
    fields[name] = name === 'tool_calls' ? readToolCalls(value, path) : value
  }
  // OpenAI's newer name for it, which the templates of the models that run here do not know
  const known = role === 'developer' ? 'system' : role
  return { role: known, content: readContent(content, where, 'tool_calls' in fields), ...fields }
}

/** A text, or a list of texts. Who calls tools need not say anything. */
function readContent(content: unknown, where: string, hasToolCalls: boolean): string {
  if (typeof content === 'string') return content
  if (Array.isArray(content)) return textOf(content.map((part, index) => readPart(part, `${where}.content[${index}]`)))
  if (hasToolCalls && (content === null || content === undefined)) return ''
  throw mustHaveTexts(where)
}

function readPart(part: unknown, where: string): TextPart {
  const { type, text, ...rest } = isJsonObject(part) ? part : {}
  if (type !== 'text') {
    const message = `${where} is of type ${shownJson(type)}, but only "text" is supported.`
    throw new RefusedRequest(message, `${where}.type`, 'unsupported_value')
  }
  if (typeof text !== 'string') {
    throw new RefusedRequest(`${where}.text is ${shown(text)}, but must be a text.`, `${where}.text`)
  }
  const unknown = Object.keys(rest).filter(name => !isEmpty(rest[name]))
  if (unknown.length > 0) {
    const message = `${where} has unknown field ${unknown.join(', ')}.`
    throw new RefusedRequest(message, `${where}.${unknown[0]}`, 'unknown_parameter')
  }
  return { type, text }
}

/** OpenAI writes the arguments of a call as JSON in a text; templates take them as an object, as transformers says. */
function readToolCalls(calls: unknown, where: string): unknown {
  if (!Array.isArray(calls)) throw new RefusedRequest(`${where} is ${shown(calls)}, but must be an array.`, where)
  return calls.map((call: unknown, index) => {
    const given = isJsonObject(call) && isJsonObject(call.function) ? call.function.arguments : undefined
    if (!isJsonObject(call) || typeof given !== 'string') return call
    return {
      ...call,
      function: { ...(call.function as JsonObject), arguments: readArguments(given, `${where}[${index}]`) },
    }
  })
}

function readArguments(text: string, where: string): unknown {
  if (text.trim() === '') return {}
  try {
    return JSON.parse(text)
  } catch (cause) {
    const param = `${where}.function.arguments`
    throw new RefusedRequest(`${param} is ${shown(text)} that is not JSON.`, param, undefined, { cause })
  }
}

function mustHaveTexts(where: string): RefusedRequest {
  return new RefusedRequest(`${where} must have the texts \`role\` and \`content\`.`, where)
}
