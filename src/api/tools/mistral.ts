import { jsonArrayGrammar, readJsonCalls } from './json-calls'
import { isJson, jsonEnd } from './json-parts'
import type { ReadCalls, ToolFormat } from './tool-format'

const MARK = '[TOOL_CALLS]'
const HEAD = /^\[TOOL_CALLS\]\s*([\w.-]+)\s*(?:\[CALL_ID\]\w*)?(?:\[ARGS\])?\s*(?=\{)/

/** Mistral: a token, then an array of calls in JSON, or, since 2025, a name and its arguments for each call. */
export const MISTRAL: ToolFormat = {
  isOf: template => template.includes(MARK),
  marks: [MARK],
  read: (text, isEnd) => {
    const calls = readJsonCalls(text, MARK, '', isEnd)
    return calls === 'none' ? readNamed(text) : calls
  },
  grammar: (tools, isParallel) => jsonArrayGrammar(tools, isParallel, MARK, ''),
}

function readNamed(text: string): ReadCalls {
  const head = HEAD.exec(text)
  if (!head) return /^\[TOOL_CALLS\]\s*[\w.-]*\s*(?:\[[A-Z_]*(?:\]\w*)?)*\s*$/.test(text) ? 'more' : 'none'
  const begin = head[0].length
  const end = jsonEnd(text, begin)
  if (end === undefined) return 'more'
  const args = text.slice(begin, end)
  return isJson(args) ? { calls: [{ name: head[1], arguments: args }], end } : 'none'
}
