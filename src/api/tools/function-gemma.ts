import { callGrammar } from './call-grammar'
import type { ToolFormat } from './tool-format'
import { attempt, endAfter, Incomplete, NUMBER, Unexpected, ValueReader } from './value-reader'

const OPEN = '<start_function_call>'
const CLOSE = '<end_function_call>'
const QUOTE = '<escape>'

/** FunctionGemma: `call:name{key:value}` between two tokens, texts between two others. */
export const FUNCTION_GEMMA: ToolFormat = {
  isOf: template => template.includes(OPEN),
  marks: [OPEN],
  read: (text, isEnd) => {
    return attempt(() => {
      const reader = new ValueReader(text)
      reader.expect(OPEN)
      reader.expect('call:')
      const name = reader.token(/[\w.-]+/y)
      reader.expect('{')
      const calls = [{ name, arguments: `{${readMembers(reader)}}` }]
      const end = endAfter(text, reader.at, CLOSE, isEnd)
      return end === undefined ? 'more' : { calls, end }
    })
  },
  grammar: (tools, isParallel) => {
    return callGrammar(tools, isParallel, {
      around: ['', ''],
      between: '',
      call: [`${OPEN}call:`, '{', `}${CLOSE}`],
      assign: ':',
      pair: [':', ''],
      quote: QUOTE,
      text: '/[^<]/',
      constants: ['true', 'false', 'null'],
    })
  },
}

function readMembers(reader: ValueReader): string {
  const members = reader.list('}', () => {
    const key = reader.takes(QUOTE) ? readText(reader) : JSON.stringify(reader.token(/[^:,{}]+/y))
    reader.expect(':')
    return `${key}: ${readValue(reader)}`
  })
  return members.join(', ')
}

function readValue(reader: ValueReader): string {
  if (reader.takes('[')) return `[${reader.list(']', () => readValue(reader)).join(', ')}]`
  if (reader.takes('{')) return `{${readMembers(reader)}}`
  if (reader.takes(QUOTE)) return readText(reader)
  const word = reader.token(/[^,\]}<]+/y).trim()
  const isPlain = new RegExp(`^(?:${NUMBER.source}|true|false|null)$`).test(word)
  if (!isPlain) throw new Unexpected()
  return word
}

/** The text before the next quote, as JSON. */
function readText(reader: ValueReader): string {
  const end = reader.text.indexOf(QUOTE, reader.at)
  if (end < 0) throw new Incomplete()
  const text = reader.text.slice(reader.at, end)
  reader.at = end + QUOTE.length
  return JSON.stringify(text)
}
