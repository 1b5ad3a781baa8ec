import { callGrammar } from './call-grammar'
import type { ToolCall, ToolFormat } from './tool-format'
import { attempt, endAfter, Incomplete, NUMBER, Unexpected, ValueReader } from './value-reader'

const OPEN = '<|python_start|>'
const CLOSE = '<|python_end|>'

const CONSTANTS: Readonly<Record<string, string>> = { True: 'true', False: 'false', None: 'null' }
const ESCAPES: Readonly<Record<string, string>> = { n: '\n', t: '\t', r: '\r', b: '\b', f: '\f', '0': '\0', '\n': '' }

/** Llama 3.2's small models and Llama 4: a list of calls as Python writes them. */
export const PYTHONIC: ToolFormat = {
  isOf: template => /\[func_name1\(|<\|python_start\|>/.test(template),
  marks: [],
  firstMarks: ['[', OPEN],
  read: (text, isEnd) => {
    return attempt(() => {
      const reader = new ValueReader(text)
      const isTagged = reader.takes(OPEN)
      reader.expect('[')
      const calls: ToolCall[] = []
      reader.list(']', () => {
        calls.push(readCall(reader))
        return ''
      })
      if (calls.length === 0) return 'none'
      const end = endAfter(text, reader.at, isTagged ? CLOSE : '', isEnd)
      return end === undefined ? 'more' : { calls, end }
    })
  },
  grammar: (tools, isParallel) => {
    return callGrammar(tools, isParallel, {
      around: ['[', ']'],
      between: ', ',
      call: ['', '(', ')'],
      assign: '=',
      pair: [': ', '"'],
      quote: '"',
      text: '/[^"\\\\\\n]|\\\\["\\\\n]/',
      constants: ['True', 'False', 'None'],
    })
  },
}

function readCall(reader: ValueReader): ToolCall {
  const name = reader.token(/[A-Za-z_][\w.-]*/y)
  reader.expect('(')
  const members = reader.list(')', () => {
    const key = reader.token(/[A-Za-z_]\w*/y)
    reader.expect('=')
    return `${JSON.stringify(key)}: ${readValue(reader)}`
  })
  return { name, arguments: `{${members.join(', ')}}` }
}

function readValue(reader: ValueReader): string {
  if (reader.takes('[')) return `[${reader.list(']', () => readValue(reader)).join(', ')}]`
  if (reader.takes('{')) {
    const members = reader.list('}', () => {
      const key = readText(reader)
      reader.expect(':')
      return `${key}: ${readValue(reader)}`
    })
    return `{${members.join(', ')}}`
  }
  if (/['"]/.test(reader.text[reader.at] ?? '')) return readText(reader)
  const word = reader.token(/[A-Z][a-z]*|-?[\d.eE+-]+/y)
  const isNumber = new RegExp(`^${NUMBER.source}$`).test(word)
  const constant = Object.hasOwn(CONSTANTS, word) ? CONSTANTS[word] : undefined
  if (constant === undefined && !isNumber) throw new Unexpected()
  return constant ?? word
}

/** A text in single or double quotes, as JSON. */
function readText(reader: ValueReader): string {
  const match = reader.match(/'((?:[^'\\]|\\[\s\S])*)'|"((?:[^"\\]|\\[\s\S])*)"/y)
  if (match) return JSON.stringify(unescaped(match[1] ?? match[2]))
  if (/['"]/.test(reader.text[reader.at] ?? "'")) throw new Incomplete()
  throw new Unexpected()
}

function unescaped(text: string): string {
  return text.replace(/\\(?:x([0-9A-Fa-f]{2})|u([0-9A-Fa-f]{4})|([\s\S]))/g, (all, x, u, char: string) => {
    const code: string | undefined = x ?? u
    if (code !== undefined) return String.fromCharCode(Number.parseInt(code, 16))
    // as Python: an escape that is none is two characters
    return ESCAPES[char] ?? (/['"\\]/.test(char) ? char : all)
  })
}
