import { jsonArrayGrammar, readJsonCalls } from './json-calls'
import type { ToolFormat } from './tool-format'

const OPEN = '<|tool_call|>'
const CLOSE = '<|/tool_call|>'
/** What it writes as often, without the tokens. */
const PLAIN = 'functools'

/** Phi-4 mini: an array of calls in JSON between two tokens. */
export const PHI: ToolFormat = {
  isOf: template => template.includes('<|tool|>') || template.includes(CLOSE),
  marks: [OPEN, PLAIN],
  read: (text, isEnd) => {
    return text.startsWith(PLAIN) ? readJsonCalls(text, PLAIN, '', isEnd) : readJsonCalls(text, OPEN, CLOSE, isEnd)
  },
  grammar: (tools, isParallel) => jsonArrayGrammar(tools, isParallel, OPEN, CLOSE),
}
