import { jsonCallRules, readJsonCalls } from './json-calls'
import type { ToolFormat } from './tool-format'

const OPEN = '<tool_call>'
const CLOSE = '</tool_call>'

/** Hermes, Qwen, SmolLM3, Granite 4: JSON between XML tags, a pair for each call. */
export const HERMES: ToolFormat = {
  isOf: template => template.includes(OPEN),
  marks: [OPEN],
  read: (text, isEnd) => readJsonCalls(text, OPEN, CLOSE, isEnd),
  grammar: (tools, isParallel) => {
    const one = JSON.stringify(`${OPEN}\n`)
    const end = JSON.stringify(`\n${CLOSE}`)
    return `start: one${isParallel ? ' ("\\n" one)*' : ''}\none: ${one} call ${end}\n${jsonCallRules(tools)}`
  },
}
