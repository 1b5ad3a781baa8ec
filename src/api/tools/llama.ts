import { jsonCallRules, readJsonCalls } from './json-calls'
import type { ToolFormat } from './tool-format'

const TAG = '<|python_tag|>'

/** Llama 3.1 to 3.3: nothing but a call in JSON, whose arguments are its `parameters`; several with semicolons between. */
export const LLAMA: ToolFormat = {
  isOf: template => template.includes(TAG) || template.includes('"parameters": dictionary of argument name'),
  marks: [TAG],
  firstMarks: ['{'],
  separator: ';',
  read: (text, isEnd) => readJsonCalls(text, text.startsWith(TAG) ? TAG : '', '', isEnd),
  grammar: (tools, isParallel) =>
    `start: call${isParallel ? ' ("; " call)*' : ''}\n${jsonCallRules(tools, 'parameters')}`,
}
