import { jsonArrayGrammar, readJsonCalls } from './json-calls'
import type { ToolFormat } from './tool-format'

const MARK = '<|tool_call|>'

/** Granite 3: a token, and an array of calls in JSON to the end. */
export const GRANITE: ToolFormat = {
  isOf: template => template.includes(MARK) && !template.includes('<|/tool_call|>'),
  marks: [MARK],
  read: (text, isEnd) => readJsonCalls(text, MARK, '', isEnd),
  grammar: (tools, isParallel) => jsonArrayGrammar(tools, isParallel, MARK, ''),
}
