import { isJson, jsonEnd, jsonParts } from './json-parts'
import type { ReadCalls, Tool, ToolCall } from './tool-format'
import { endAfter } from './value-reader'

/**
 * Reads what most families write: after the mark a call, or an array of calls, in JSON, `{"name": …, "arguments": …}`; `close`:
 * what ends it, if it is there.
 */
export function readJsonCalls(text: string, mark: string, close: string, isEnd: boolean): ReadCalls {
  const begin = text.length - text.slice(mark.length).trimStart().length
  if (begin === text.length) return 'more'
  if (text[begin] !== '{' && text[begin] !== '[') return 'none'
  const end = jsonEnd(text, begin)
  if (end === undefined) return 'more'
  const calls = callsOf(text.slice(begin, end))
  if (!calls) return 'none'
  const last = endAfter(text, end, close, isEnd)
  return last === undefined ? 'more' : { calls, end: last }
}

/** The calls that are written in JSON; undefined if it is something else. */
function callsOf(json: string): ToolCall[] | undefined {
  if (!isJson(json)) return undefined
  const objects = json[0] === '{' ? [json] : jsonParts(json).map(({ text }) => text)
  const calls = objects.map(callOf)
  return calls.every(call => call !== undefined) ? calls : undefined
}

function callOf(json: string): ToolCall | undefined {
  const parts = new Map(jsonParts(json).map(({ name, text }) => [name, text]))
  const name: unknown = JSON.parse(parts.get('name') ?? 'null')
  const given = parts.get('arguments') ?? parts.get('parameters') ?? '{}'
  // some models write the JSON of the arguments as a text, as OpenAI does
  const args = given[0] === '"' ? JSON.parse(given) : given
  return typeof name === 'string' && args[0] === '{' && isJson(args) ? { name, arguments: args } : undefined
}

/** The rules of calls in JSON: `call` is one of them. `key`: what the arguments are called. */
export function jsonCallRules(tools: readonly Tool[], key = 'arguments'): string {
  const rules = tools.map(({ name, parameters }, index) => {
    const begin = `{"name": ${JSON.stringify(name)}, ${JSON.stringify(key)}: `
    return `call${index}: ${JSON.stringify(begin)} %json ${JSON.stringify(parameters)} "}"`
  })
  return [`call: ${tools.map((_, index) => `call${index}`).join(' | ')}`, ...rules].join('\n')
}

/** The grammar of an array of calls in JSON between two texts. */
export function jsonArrayGrammar(tools: readonly Tool[], isParallel: boolean, begin: string, end: string): string {
  const items = isParallel ? 'call (", " call)*' : 'call'
  return `start: ${JSON.stringify(`${begin}[`)} ${items} ${JSON.stringify(`]${end}`)}\n${jsonCallRules(tools)}`
}
