/** Tools by the official client, over an engine that answers with given texts; and the grammars that hold calls. */
import { readFileSync } from 'node:fs'
import OpenAI from 'openai'
import { describe, expect, it } from 'vitest'
import { TOOL_FORMATS, type ToolFormatName, toolFormatOf } from '../../src/api/tools/formats'
import { MessageReader } from '../../src/api/tools/message-reader'
import type { Tool } from '../../src/api/tools/tool-format'
import { runJob } from '../../src/batch'
import type { Engine, GenerateOptions, GenerationParams, Prompt } from '../../src/index'
import { openai } from '../../src/openai'
import { recogniser } from '../grammar/recognise'

/** As Qwen's ends: tools, and tags for reasoning. */
const TEMPLATE = '{{ tools }} <tool_call> {% if add_generation_prompt %}assistant<think></think>{% endif %}'

/** An engine that answers each prompt with `text`, in pieces of three characters, and keeps what it was asked. */
function scripted(text: string, chatTemplate = TEMPLATE) {
  const asked: { prompts: readonly Prompt[]; params: readonly GenerationParams[] }[] = []
  const engine = {
    modelName: 'scripted',
    config: { vocabSize: 100 },
    memory: { contextLength: 100 },
    chatTemplate,
    weights: [],
    decisions: [],
    stats: async () => ({}),
    tokenize: async () => [1],
    generate(prompts: readonly Prompt[], params: readonly GenerationParams[], { onText }: GenerateOptions) {
      asked.push({ prompts, params })
      const usage = { promptTokens: 1, completionTokens: 1, cachedTokens: 0 }
      async function* results() {
        for (const index of prompts.keys()) {
          for (let at = 0; at < text.length; at += 3) onText?.(text.slice(at, at + 3), index)
          yield { index, text, tokenIds: [], promptTokenIds: [], finishReason: 'stop', logprobs: undefined, usage }
        }
      }
      const all = async () => {
        const found: object[] = []
        for await (const result of results()) found.push(result)
        return found
      }
      return { [Symbol.asyncIterator]: results, all, cancel: () => undefined, plan: Promise.resolve({ treeTokens: 0 }) }
    },
  }
  return { engine: engine as unknown as Engine, asked }
}

const tools: OpenAI.ChatCompletionFunctionTool[] = [
  {
    type: 'function',
    function: { name: 'weather', parameters: { type: 'object', properties: { city: { type: 'string' } } } },
  },
  { type: 'function', function: { name: 'now' } },
]
const messages: OpenAI.ChatCompletionMessageParam[] = [{ role: 'user', content: 'How is it in Rome?' }]
const request = { model: 'scripted', messages, tools }
const CALLS =
  '<think>\nTwo calls.\n</think>\n\nI ask.\n<tool_call>\n{"name": "weather", "arguments": {"city": "Rome"}}\n</tool_call>\n<tool_call>\n{"name": "now", "arguments": {}}\n</tool_call>'
const call = (name: string, args: string) => {
  return { id: expect.stringMatching(/^[a-z0-9]{9}$/), type: 'function', function: { name, arguments: args } }
}

describe('tools', () => {
  it('go to the template, and calls come back parsed: whole, in pieces, in a job, the same', async () => {
    const { engine, asked } = scripted(CALLS)
    const client = new OpenAI({ fetch: openai(engine).fetch, apiKey: '-', maxRetries: 0 })
    const choice = {
      message: {
        role: 'assistant',
        content: 'I ask.',
        reasoning_content: 'Two calls.',
        tool_calls: [call('weather', '{"city": "Rome"}'), call('now', '{}')],
      },
      finish_reason: 'tool_calls',
    }
    const whole = await client.chat.completions.create(request)
    expect(whole.choices).toMatchObject([choice])
    expect(asked[0].prompts[0]).toEqual({ messages, templateVariables: { tools } })
    expect(asked[0].params[0]).toMatchObject({ skipSpecialTokens: false })
    expect(asked[0].params[0].structuredOutputs).toBeUndefined()
    const stream = client.chat.completions.stream({ ...request, stream: true })
    let reasoning = ''
    stream.on('chunk', ({ choices }) => {
      reasoning += (choices[0].delta as { reasoning_content?: string }).reasoning_content ?? ''
    })
    // the client's helper joins the fields that it knows
    const { reasoning_content, ...message } = choice.message
    expect((await stream.finalChatCompletion()).choices).toMatchObject([{ ...choice, message }])
    expect(reasoning).toBe(reasoning_content)
    const runs = [0, 1].map(() => runJob(engine, [JSON.stringify(request)]))
    const [one, again] = await Promise.all(runs)
    expect(one.responses[0].response?.body).toMatchObject({ choices: [choice] })
    // the ids too
    const [choices, ofAgain] = [one, again].map(({ responses }) => (responses[0].response as { body: object }).body)
    expect({ ...ofAgain, created: 0 }).toEqual({ ...choices, created: 0 })
  })

  it('are called in the example of docs/openai.md, and answered', async () => {
    const { engine, asked } = scripted('<tool_call>{"name": "weather", "arguments": {"city": "Rome"}}</tool_call>')
    const blocks = [...readFileSync('docs/openai.md', 'utf8').matchAll(/```ts\n([\s\S]*?)```/g)]
    const code = blocks.map(([, block]) => block).find(block => block.includes('tools')) ?? ''
    const AsyncFunction = (async () => undefined).constructor as new (
      ...args: string[]
    ) => (...args: unknown[]) => Promise<void>
    await new AsyncFunction('engine', 'openai', code)(engine, openai)
    const { messages } = asked[1].prompts[0] as { messages: object[] }
    expect(messages).toMatchObject([{ role: 'user' }, { tool_calls: [{}] }, { role: 'tool', content: 'Rome: 21 °C' }])
  })

  it('are answered in messages that the template gets as it wants them', async () => {
    const { engine, asked } = scripted('<think>x</think>It is warm.')
    const client = new OpenAI({ fetch: openai(engine).fetch, apiKey: '-', maxRetries: 0 })
    const answered: OpenAI.ChatCompletionMessageParam[] = [
      ...messages,
      {
        role: 'assistant',
        content: null,
        tool_calls: [{ id: 'a', type: 'function', function: { name: 'now', arguments: '{"a": 1}' } }],
      },
      { role: 'tool', tool_call_id: 'a', content: '12:00' },
    ]
    const { choices } = await client.chat.completions.create({ ...request, messages: answered })
    expect(choices[0]).toMatchObject({ message: { content: 'It is warm.' }, finish_reason: 'stop' })
    expect(choices[0].message.tool_calls).toBeUndefined()
    const [prompt] = asked[0].prompts as { messages: object[] }[]
    expect(prompt.messages.slice(1)).toEqual([
      {
        role: 'assistant',
        content: '',
        tool_calls: [{ id: 'a', type: 'function', function: { name: 'now', arguments: { a: 1 } } }],
      },
      { role: 'tool', content: '12:00', tool_call_id: 'a' },
    ])
  })

  it('that need not be called are left out where `tool_choice` is none', async () => {
    const { engine, asked } = scripted('<tool_call>')
    const { chat } = openai(engine)
    const { choices } = await chat.completions.create({ ...request, tool_choice: 'none' })
    expect(choices[0].message.content).toBe('<tool_call>')
    expect(asked[0].prompts[0]).toEqual(messages)
  })

  it('that must be called are held to: any, or one', async () => {
    const { engine, asked } = scripted('x')
    const { chat } = openai(engine)
    await chat.completions.create({ ...request, tool_choice: 'required', parallel_tool_calls: false })
    await chat.completions.create({ ...request, tool_choice: { type: 'function', function: { name: 'now' } } })
    const [any, one] = asked.map(({ params }) => recogniser(params[0].structuredOutputs as { grammar: string }))
    const written = (name: string, args: string) =>
      `<tool_call>\n{"name": "${name}", "arguments": ${args}}\n</tool_call>`
    const both = [written('weather', '{"city": "Rome"}'), written('now', '{}')]
    expect(both.map(any)).toEqual([true, true])
    expect(both.map(one)).toEqual([false, true])
    expect([any, one].map(admits => admits(both.join('\n')))).toEqual([false, false])
    expect(any(written('now', '{"a": 1}'))).toBe(false)
  })

  it.each([
    [{ tool_choice: { type: 'function', function: { name: 'f' } } }, 'tool_choice.function.name'],
    [{ tool_choice: 'always' }, 'tool_choice'],
    [{ tools: [tools[0], tools[0]] }, 'tools[1].function.name'],
    [{ tools: [{ type: 'function', function: { name: 'f', parameters: 'a' } }] }, 'tools[0].function.parameters'],
    [{ parallel_tool_calls: 1 }, 'parallel_tool_calls'],
    [{ tool_choice: 'required', response_format: { type: 'json_object' } }, 'response_format'],
  ])('%o is refused by name', async (fields, param) => {
    const { chat } = openai(scripted('').engine)
    await expect(chat.completions.create({ ...request, ...fields } as typeof request)).rejects.toMatchObject({ param })
  })

  it('are refused where the template has no place for them, or no known way; an option says which it is', async () => {
    const { chat } = openai(scripted('', '{{ messages }}').engine)
    await expect(chat.completions.create(request)).rejects.toMatchObject({ param: 'tools' })
    const { engine } = scripted('[now()]', '{{ tools }}')
    await expect(openai(engine).chat.completions.create(request)).rejects.toThrow(/toolFormat: .*pythonic/)
    const { choices } = await openai(engine, { toolFormat: 'pythonic' }).chat.completions.create(request)
    expect(choices[0].message.tool_calls).toEqual([call('now', '{}')])
    expect(() => openai(engine, { toolFormat: 'xml' as 'hermes' })).toThrow(/toolFormat is "xml".* hermes/)
  })
})

describe('a template', () => {
  it.each<[ToolFormatName, string]>([
    ['hermes', '<tools></tools> <tool_call>\n{"name": <function-name>, "arguments": <args-json-object>}\n</tool_call>'],
    [
      'llama',
      'Respond in the format {"name": function name, "parameters": dictionary of argument name and its value}.',
    ],
    ['pythonic', '[func_name1(params_name1=params_value1, params_name2=params_value2...), func_name2(params)]'],
    ['mistral', '{{- "[TOOL_CALLS] [" }}'],
    ['phi', "{{ '<|' + message['role'] + '|>' + message['content'] + '<|tool|>' + message['tools'] + '<|/tool|>' }}"],
    ['granite', 'respond only with <|tool_call|> followed by a JSON list of tools used.'],
    ['function-gemma', "{{- '<start_function_call>call:' -}}"],
  ])('that teaches %s is known by its text', (format, template) => {
    expect(toolFormatOf(template)).toBe(TOOL_FORMATS[format])
    expect(toolFormatOf('{% for message in messages %}')).toBeUndefined()
  })
})

describe('the grammar', () => {
  const schema = {
    type: 'object',
    properties: {
      city: { type: 'string' },
      days: { type: 'integer' },
      unit: { enum: ['C', 'F'] },
      at: { type: 'array' },
    },
    required: ['city'],
    additionalProperties: false,
  }
  const TOOLS: readonly Tool[] = [
    { name: 'weather', parameters: schema },
    { name: 'now', parameters: { type: 'object', properties: {}, additionalProperties: false } },
  ]
  const json = (key: string, args: string) => `{"name": "weather", "${key}": ${args}}`
  const [good, bad] = ['{"city": "Rome", "days": 3}', '{"days": 3}']

  it.each<[ToolFormatName, string, string, string]>([
    ['hermes', ...texts('arguments', text => `<tool_call>\n${text}\n</tool_call>`, '\n')],
    ['llama', ...texts('parameters', text => text, '; ')],
    ['mistral', ...lists('[TOOL_CALLS]', '')],
    ['phi', ...lists('<|tool_call|>', '<|/tool_call|>')],
    ['granite', ...lists('<|tool_call|>', '')],
    [
      'pythonic',
      '[weather(city="Ro\\"me", days=3, unit="C", at=[1, True])]',
      '[weather(days=3)]',
      '[weather(city="a"), now()]',
    ],
    [
      'function-gemma',
      '<start_function_call>call:weather{city:<escape>Rome<escape>,days:3}<end_function_call>',
      '<start_function_call>call:weather{days:3}<end_function_call>',
      '<start_function_call>call:now{}<end_function_call><start_function_call>call:now{}<end_function_call>',
    ],
  ])(
    'of %s admits %j, not %j, and %j where there may be several; what it admits is read as calls',
    (name, one, none, several) => {
      const format = TOOL_FORMATS[name]
      const [single, parallel] = [false, true].map(isParallel =>
        recogniser({ grammar: format.grammar(TOOLS, isParallel) }),
      )
      expect([one, none, several].map(single)).toEqual([true, false, false])
      expect([one, none, several].map(parallel)).toEqual([true, false, true])
      const kinds = [one, several].map(text => {
        const reader = new MessageReader({ tools: format })
        return [...reader.push(text), ...reader.end()].map(part => Object.keys(part)[0])
      })
      expect(kinds).toEqual([['call'], ['call', 'call']])
    },
  )

  function texts(key: string, around: (text: string) => string, between: string): [string, string, string] {
    const one = around(json(key, good))
    return [one, around(json(key, bad)), one + between + one]
  }
  function lists(begin: string, end: string): [string, string, string] {
    const one = json('arguments', good)
    return [`${begin}[${one}]${end}`, `${begin}[${json('arguments', bad)}]${end}`, `${begin}[${one}, ${one}]${end}`]
  }
})
