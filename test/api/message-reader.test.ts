import { describe, expect, it } from 'vitest'
import { TOOL_FORMATS, type ToolFormatName } from '../../src/api/tools/formats'
import { type MessageForm, type MessagePart, MessageReader } from '../../src/api/tools/message-reader'
import { random } from '../support/random'

interface Read {
  readonly content?: string
  readonly reasoning?: string
  readonly calls?: readonly (readonly [name: string, args: string])[]
}

/** What is read of pieces, one after another. */
function read(form: MessageForm, pieces: readonly string[]): Read {
  const reader = new MessageReader(form)
  const parts: MessagePart[] = [...pieces.flatMap(piece => reader.push(piece)), ...reader.end()]
  const join = (kind: 'content' | 'reasoning') =>
    parts.map(part => (part as Record<string, string>)[kind] ?? '').join('')
  const calls = parts.flatMap(part => ('call' in part ? [[part.call.name, part.call.arguments] as const] : []))
  const [content, reasoning] = [join('content'), join('reasoning')]
  return { ...(content && { content }), ...(reasoning && { reasoning }), ...(calls.length > 0 && { calls }) }
}

/** The same text in every two pieces, in single characters, and in pieces by chance. */
function cutsOf(text: string): string[][] {
  const cuts = Array.from({ length: text.length + 1 }, (_, at) => [text.slice(0, at), text.slice(at)])
  cuts.push(text.split(''))
  const rng = random(text.length)
  for (let run = 0; run < 20; run++) {
    const pieces: string[] = []
    for (let at = 0; at < text.length; ) {
      const length = rng.int(1, 9)
      pieces.push(text.slice(at, at + length))
      at += length
    }
    cuts.push(pieces)
  }
  return cuts
}

const weather = (city: string) => ['weather', `{"city": "${city}"}`] as const

const CASES: readonly (readonly [ToolFormatName, string, Read])[] = [
  [
    'hermes',
    '<tool_call>\n{"name": "weather", "arguments": {"city": "Paris"}}\n</tool_call>',
    { calls: [weather('Paris')] },
  ],
  [
    'hermes',
    'I look.\n\n<tool_call>\n{"name": "weather", "arguments": {"city": "Rome"}}\n</tool_call>\n<tool_call>\n{"arguments": {"big": 12345678901234567890, "s": "</tool_call> \\"}"}, "name": "f"}\n</tool_call>\n',
    { content: 'I look.', calls: [weather('Rome'), ['f', '{"big": 12345678901234567890, "s": "</tool_call> \\"}"}']] },
  ],
  ['hermes', '<tool_call>{"name": "now"}', { calls: [['now', '{}']] }],
  [
    'hermes',
    '<tool_call>\n{"name": "f", "arguments": "{\\"a\\": 1}"}\n</tool_call> done',
    { calls: [['f', '{"a": 1}']], content: 'done' },
  ],
  [
    'hermes',
    ' a < b, <tool_callx> and <tool_call>{"name": 3}</tool_call> ',
    { content: ' a < b, <tool_callx> and <tool_call>{"name": 3}</tool_call> ' },
  ],
  ['hermes', 'Cut <tool_call>\n{"name": "weather", "argu', { content: 'Cut <tool_call>\n{"name": "weather", "argu' }],
  ['llama', '{"name": "weather", "parameters": {"city": "Oslo"}}', { calls: [weather('Oslo')] }],
  [
    'llama',
    '<|python_tag|>{"name": "weather", "parameters": {"city": "A"}}; {"name": "weather", "parameters": {"city": "B"}}',
    { calls: [weather('A'), weather('B')] },
  ],
  ['llama', '{"answer": 42}', { content: '{"answer": 42}' }],
  ['llama', 'It is {"name": "weather", "parameters": {}}', { content: 'It is {"name": "weather", "parameters": {}}' }],
  [
    'pythonic',
    `[weather(city='Paris'), f(n=-1.5e3, xs=[1, "a", None], flag=True, d={'k': False}, s="it's\\n")]`,
    {
      calls: [
        weather('Paris'),
        ['f', '{"n": -1.5e3, "xs": [1, "a", null], "flag": true, "d": {"k": false}, "s": "it\'s\\n"}'],
      ],
    },
  ],
  ['pythonic', '<|python_start|>[now()]<|python_end|>', { calls: [['now', '{}']] }],
  ['pythonic', '<|python_start|>[now()]', { calls: [['now', '{}']] }],
  ['pythonic', '[1] According to [f(a=1)]', { content: '[1] According to [f(a=1)]' }],
  [
    'mistral',
    '[TOOL_CALLS] [{"name": "weather", "arguments": {"city": "Lyon"}}, {"name": "now", "arguments": {}}]',
    { calls: [weather('Lyon'), ['now', '{}']] },
  ],
  [
    'mistral',
    'Ok.[TOOL_CALLS]weather[ARGS]{"city": "Lyon"}[TOOL_CALLS]now[CALL_ID]abc123XYZ[ARGS]{}',
    { content: 'Ok.', calls: [weather('Lyon'), ['now', '{}']] },
  ],
  ['mistral', 'No [TOOL_CALLS]?!', { content: 'No [TOOL_CALLS]?!' }],
  [
    'phi',
    '<|tool_call|>[{"name": "weather", "arguments": {"city": "Bern"}}]<|/tool_call|>',
    { calls: [weather('Bern')] },
  ],
  ['phi', 'functools[{"name": "weather", "arguments": {"city": "Bern"}}]', { calls: [weather('Bern')] }],
  ['granite', '<|tool_call|>[{"name": "weather", "arguments": {"city": "Bonn"}}]', { calls: [weather('Bonn')] }],
  [
    'function-gemma',
    '<start_function_call>call:f{city:<escape> New {York}, "x"<escape>,n:5,xs:[1,<escape>a<escape>],o:{k:true}}<end_function_call><start_function_call>call:now{}<end_function_call>',
    {
      calls: [
        ['f', '{"city": " New {York}, \\"x\\"", "n": 5, "xs": [1, "a"], "o": {"k": true}}'],
        ['now', '{}'],
      ],
    },
  ],
  ['function-gemma', '<start_function_call>call:now{}', { calls: [['now', '{}']] }],
]

describe('calls', () => {
  it.each([...CASES])('of %s are read of %j, whole and however it is cut', (format, text, expected) => {
    const form = { tools: TOOL_FORMATS[format] }
    expect(read(form, [text])).toEqual(expected)
    for (const pieces of cutsOf(text)) expect(read(form, pieces), JSON.stringify(pieces)).toEqual(expected)
  })
})

describe('reasoning', () => {
  const call = '<tool_call>\n{"name": "weather", "arguments": {"city": "Rome"}}\n</tool_call>'
  it.each<[MessageForm, string, Read]>([
    [
      { reasoning: 'tagged' },
      '<think>\nWell,\n\n1 < 2.\n</think>\n\nYes.\n',
      { reasoning: 'Well,\n\n1 < 2.', content: 'Yes.\n' },
    ],
    [{ reasoning: 'tagged' }, '\n<think>\n\n</think>\n\nYes.', { content: 'Yes.' }],
    [{ reasoning: 'tagged' }, ' No <think>tags</think>', { content: ' No <think>tags</think>' }],
    [{ reasoning: 'tagged' }, '<think>\nIt goes on </thin', { reasoning: 'It goes on </thin' }],
    [{ reasoning: 'begun' }, 'So.</think>Yes.', { reasoning: 'So.', content: 'Yes.' }],
    [{ reasoning: 'begun' }, '<think>So.</think> Yes.', { reasoning: 'So.', content: 'Yes.' }],
    [{ reasoning: 'begun' }, '\nNever ', { reasoning: 'Never' }],
    [
      { reasoning: 'tagged', tools: TOOL_FORMATS.hermes },
      `<think>Which ${call}?</think>\n\n${call}`,
      { reasoning: `Which ${call}?`, calls: [weather('Rome')] },
    ],
  ])('in the form of %o is split off %j, whole and however it is cut', (form, text, expected) => {
    expect(read(form, [text])).toEqual(expected)
    for (const pieces of cutsOf(text)) expect(read(form, pieces), JSON.stringify(pieces)).toEqual(expected)
  })
})
