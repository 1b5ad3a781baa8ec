import { describe, expect, it } from 'vitest'
import type { CheckParams } from '../../src/api/api-request'
import { parseBatchRequest, readLine } from '../../src/api/batch-request'
import { samplingParams } from '../../src/engine/sampling-params'
import { InvalidRequest } from '../../src/index'

const parse = (request: object) => parseBatchRequest(JSON.stringify(request), 7)
const message = { role: 'user', content: 'Hi' }

describe('a line is read', () => {
  it('in OpenAI’s Batch form', () => {
    const body = { model: 'any', messages: [message], max_tokens: 5 }
    expect(parse({ custom_id: 'a', method: 'POST', url: '/v1/chat/completions', body })).toEqual({
      line: 7,
      customId: 'a',
      kind: 'chat',
      prompt: [message],
      params: { maxTokens: 5 },
      returnTokenIds: false,
    })
  })

  it('as a bare prompt, named after its line', () => {
    expect(parse({ prompt: 'Once' })).toEqual({
      line: 7,
      customId: 'request-7',
      kind: 'completion',
      prompt: 'Once',
      params: {},
      returnTokenIds: false,
    })
  })

  it('as bare messages with an own name', () => {
    expect(parse({ custom_id: 'b', messages: [message] })).toMatchObject({ customId: 'b', kind: 'chat' })
  })

  it('with token ids as the prompt, wrapped without a url', () => {
    expect(parse({ body: { prompt: [1, 2, 3] } })).toMatchObject({ kind: 'completion', prompt: [1, 2, 3] })
  })
})

describe('a parameter', () => {
  it.each([
    [{ max_tokens: 3 }, { maxTokens: 3 }],
    [{ max_completion_tokens: 3 }, { maxTokens: 3 }],
    [{ max_tokens: null, max_completion_tokens: 3 }, { maxTokens: 3 }],
    [
      { temperature: 0.5, top_k: 4, top_p: 0.9, min_p: 0.1, seed: 9 },
      { temperature: 0.5, topK: 4, topP: 0.9, minP: 0.1, seed: 9 },
    ],
    [
      { repetition_penalty: 1.1, presence_penalty: 0.2, frequency_penalty: -0.3 },
      { repetitionPenalty: 1.1, presencePenalty: 0.2, frequencyPenalty: -0.3 },
    ],
    [{ logit_bias: { '50': -100, '7': 2 } }, { logitBias: { 50: -100, 7: 2 } }],
    [
      { stop: 'x', ignore_eos: true },
      { stop: 'x', ignoreEos: true },
    ],
    [{ stop: ['x', 'y'] }, { stop: ['x', 'y'] }],
    [{ logprobs: 3 }, { logprobs: 3 }],
    [{ logprobs: null, top_logprobs: null }, {}],
    [{ temperature: null, stop: null, logit_bias: null, n: null, stream: null, return_token_ids: null }, {}],
    [{ n: 1, stream: false, echo: false, best_of: 1, suffix: null }, {}],
    [{ model: 'm', user: 'u', metadata: {}, store: false, service_tier: 'auto' }, {}],
  ])('%o of a completion is the engine’s %o', (fields, params) => {
    expect(parse({ prompt: 'a', ...fields }).params).toEqual(params)
  })

  it.each([
    [{ logprobs: true }, { logprobs: 0 }],
    [{ logprobs: true, top_logprobs: 4 }, { logprobs: 4 }],
    [{ logprobs: false }, {}],
    [{ logprobs: null, top_logprobs: null }, {}],
  ])('%o of a chat is the engine’s %o', (fields, params) => {
    expect(parse({ messages: [message], ...fields }).params).toEqual(params)
  })

  it('`return_token_ids` is about the answer, not the generation', () => {
    expect(parse({ prompt: 'a', return_token_ids: true })).toMatchObject({ returnTokenIds: true, params: {} })
  })
})

const hi = { messages: [message] }

/** Fields with values that ask for nothing, of either kind of request. */
const NOTHING: Readonly<Record<string, readonly unknown[]>> = {
  audio: [],
  best_of: [1],
  cache_salt: ['a'],
  chat_template: [],
  chat_template_kwargs: [{}],
  add_generation_prompt: [true],
  continue_final_message: [false],
  documents: [[]],
  echo: [false],
  frequency_penalty: [],
  function_call: ['none', 'auto'],
  functions: [[]],
  guided_choice: [],
  guided_decoding_backend: [],
  guided_grammar: [],
  guided_json: [],
  guided_regex: [],
  ignore_eos: [],
  include_stop_str_in_output: [false],
  length_penalty: [1],
  logit_bias: [],
  logprobs: [false],
  max_completion_tokens: [],
  max_tokens: [],
  metadata: [],
  min_p: [],
  min_tokens: [0],
  modalities: [['text']],
  model: ['m'],
  n: [1],
  parallel_tool_calls: [true, false],
  prediction: [{ type: 'content', content: 'a' }],
  presence_penalty: [],
  priority: [0],
  prompt_cache_key: ['k'],
  prompt_logprobs: [],
  reasoning_effort: ['none', 'medium'],
  repetition_penalty: [],
  request_id: ['r'],
  response_format: [{ type: 'text' }],
  return_token_ids: [false],
  safety_identifier: ['s'],
  seed: [],
  service_tier: ['auto', 'flex'],
  skip_special_tokens: [true],
  spaces_between_special_tokens: [true, false],
  stop: [],
  stop_token_ids: [[]],
  store: [false],
  stream: [false],
  stream_options: [{ include_usage: true }],
  structured_outputs: [],
  suffix: [''],
  temperature: [],
  tool_choice: ['none', 'auto'],
  tools: [[]],
  top_k: [-1],
  top_logprobs: [0],
  top_p: [],
  truncate_prompt_tokens: [],
  use_beam_search: [false],
  user: ['u'],
  verbosity: ['medium'],
  web_search_options: [],
}

// most of these once failed their line
it.each(Object.entries(NOTHING))('`%s` that asks for nothing is no reason to refuse a line', (field, values) => {
  for (const value of [null, ...values]) {
    expect(parse({ prompt: 'a', [field]: value })).toEqual(parse({ prompt: 'a' }))
    expect(parse({ ...hi, [field]: value })).toEqual(parse(hi))
  }
})

it.each([
  ['modalities', ['text', 'audio'], '["text"]'],
  ['stream_options', { include_usage: 1 }, '{}'],
  ['n', 2, '1'],
  ['store', true, 'false'],
  ['use_beam_search', true, 'false'],
  ['web_search_options', {}, 'null'],
  ['min_tokens', 5, '0'],
])('`%s` that asks for what we cannot do is refused, with what we can', (field, value, supported) => {
  const refusal = `Line 7: \`${field}\` is ${JSON.stringify(value)}, but only ${supported} is supported.`
  expect(catchError(() => parse({ ...hi, [field]: value })).message).toBe(refusal)
})

describe('a message', () => {
  const read = (fields: object) => parse({ messages: [fields] }).prompt

  it('of a list of text parts is one text', () => {
    const parts = ['One', 'two'].map(text => ({ type: 'text', text }))
    expect(read({ role: 'user', content: parts })).toEqual([{ role: 'user', content: 'One\ntwo' }])
    expect(read({ role: 'user', content: parts.slice(0, 1) })).toEqual([{ role: 'user', content: 'One' }])
  })

  it('as OpenAI answers, goes back into the next request', () => {
    const nothing = { refusal: null, annotations: [], audio: null, function_call: null, tool_calls: null }
    const answer = { role: 'assistant', content: 'Yes' }
    expect(read({ ...answer, ...nothing })).toEqual([answer])
    expect(read({ ...answer, tool_calls: [], name: null })).toEqual([answer])
  })

  it('passes on what templates read: names, calls of tools (arguments as objects), their answers, thoughts', () => {
    const call = (given: unknown) => ({ id: 'a', type: 'function', function: { name: 'f', arguments: given } })
    const assistant = { role: 'assistant', content: null, reasoning_content: 'Hm' }
    expect(read({ ...assistant, tool_calls: [call('{"x": 1}'), call('')] })).toEqual([
      { role: 'assistant', content: '', reasoning_content: 'Hm', tool_calls: [call({ x: 1 }), call({})] },
    ])
    const tool = { role: 'tool', content: '5', tool_call_id: 'a', name: 'f' }
    expect(read(tool)).toEqual([tool])
  })

  it('of a developer is one of the system, as templates call it', () => {
    expect(read({ role: 'developer', content: 'Be brief.' })).toEqual([{ role: 'system', content: 'Be brief.' }])
  })
})

it.each([
  [{ add_generation_prompt: false }, { addGenerationPrompt: false }],
  [{ continue_final_message: true }, { continueFinalMessage: true }],
  [
    { add_generation_prompt: false, continue_final_message: true },
    { addGenerationPrompt: false, continueFinalMessage: true },
  ],
  [{ chat_template_kwargs: { enable_thinking: false } }, { templateVariables: { enable_thinking: false } }],
  [{ chat_template_kwargs: { add_generation_prompt: false } }, { addGenerationPrompt: false }],
  [
    {
      chat_template_kwargs: { continue_final_message: true },
      continue_final_message: false,
      add_generation_prompt: false,
    },
    { addGenerationPrompt: false },
  ],
])('%o says how the chat’s template writes', (fields, chat) => {
  expect(parse({ ...hi, ...fields }).prompt).toEqual({ ...hi, ...chat })
})

it('a list of one prompt is that prompt', () => {
  expect(parse({ prompt: ['a'] }).prompt).toBe('a')
  expect(parse({ prompt: [[1, 2]] }).prompt).toEqual([1, 2])
})

it.each([
  [{ max_tokens: -1 }, 'max_tokens is -1, but must be an integer from 1 to 2147483648.'],
  [
    { max_completion_tokens: '5' },
    'max_completion_tokens is "5", a text, but must be an integer from 1 to 2147483648.',
  ],
  [{ temperature: '0.5' }, 'temperature is "0.5", a text, but must be a number from 0 to 100.'],
  [{ top_p: [1] }, 'top_p is an array, but must be a number from 0 to 1.'],
  [{ ignore_eos: 1 }, 'ignore_eos is 1, but must be true or false.'],
  [{ logprobs: true, top_logprobs: 99 }, 'top_logprobs is 99, but must be an integer from 0 to 20.'],
  [{ stop: [''] }, 'stop[0] is "", but must be a text of at least one character.'],
  [{ logit_bias: { 5000: 1 } }, 'a token id of logit_bias is 5000, but must be an integer from 0 to 300.'],
])('%o is refused by the name that the file has for it, with its type', (fields, reason) => {
  const check: CheckParams = (params, nameOf) => void samplingParams(params, 301, nameOf)
  const { outcome } = readLine(JSON.stringify({ ...hi, ...fields }), 7, { check })
  expect(outcome).toBeInstanceOf(InvalidRequest)
  expect(outcome).toMatchObject({ message: `Line 7: ${reason}` })
})

it('a value of megabytes does not make an error of megabytes', () => {
  const long = 'x'.repeat(1e6)
  for (const fields of [
    { n: long },
    { prompt: 'a', n: long },
    { prompt: 'a', method: long },
    { prompt: 'a', tools: [long] },
  ]) {
    expect(catchError(() => parse(fields)).message.length).toBeLessThan(300)
  }
})

const URLS = '/v1/completions, /v1/chat/completions'
const A_PROMPT = '`prompt` must be one text or an array of token ids, or an array of such.'
const NO_METADATA =
  '`metadata` is an object, but must be an object of at most 16 names of 64 characters and their texts of 512.'
const TEXTS = 'messages[0] must have the texts `role` and `content`.'
const AN_OBJECT = 'a request is a JSON object, with `prompt`, `messages` or `body`.'
const chat = (content: unknown) => ({ messages: [{ role: 'user', content }] })

describe('a line is refused, by number and with the reason:', () => {
  it.each([
    ['[]', AN_OBJECT],
    ['null', AN_OBJECT],
    ['"text"', AN_OBJECT],
    [{ custom_id: 5, prompt: 'a' }, '`custom_id` must be a text.'],
    [{ method: 'GET', body: { prompt: 'a' } }, '`method` is "GET", but must be "POST".'],
    [{ url: '/v1/embeddings', body: { prompt: 'a' } }, `\`url\` is "/v1/embeddings", but must be one of ${URLS}.`],
    [{ url: null, body: { prompt: 'a' } }, `\`url\` is null, but must be one of ${URLS}.`],
    [{ url: ['/v1/completions'], prompt: 'a' }, `\`url\` is ["/v1/completions"], but must be one of ${URLS}.`],
    [{ body: { prompt: 'a' }, prompt: 'b' }, 'unknown field prompt beside `body`.'],
    [{ body: 'a' }, '`body` must be an object.'],
    [{ body: null }, '`body` must be an object.'],
    [{ body: [] }, '`body` must be an object.'],
    [{}, 'a completion needs `prompt`.'],
    [{ url: '/v1/chat/completions', body: { prompt: 'a' } }, 'a chat needs `messages`.'],
    [{ url: '/v1/completions', body: { messages: [message] } }, 'a completion needs `prompt`.'],
    [{ prompt: 'a', messages: [message] }, 'a chat takes `messages`, not `prompt`.'],
    [{ prompt: ['a', 'b'] }, '`prompt` is a list of 2 prompts; several prompts are several lines.'],
    [{ prompt: ['a', [1, 'b']] }, A_PROMPT],
    [{ prompt: [1, 2.5] }, A_PROMPT],
    [{ prompt: null }, A_PROMPT],
    [{ messages: [] }, '`messages` must be an array of at least one {role, content}.'],
    [{ messages: 'Hi' }, '`messages` must be an array of at least one {role, content}.'],
    [{ messages: [null] }, TEXTS],
    [{ messages: ['Hi'] }, TEXTS],
    [{ messages: [{ role: 5, content: 'Hi' }] }, TEXTS],
    [{ messages: [{ content: 'Hi' }] }, TEXTS],
    [chat(null), TEXTS],
    [
      chat([
        { type: 'text', text: 'Hi' },
        { type: 'image_url', image_url: { url: 'data:' } },
      ]),
      'messages[0].content[1] is of type "image_url", but only "text" is supported.',
    ],
    [chat(['Hi']), 'messages[0].content[0] is of type undefined, but only "text" is supported.'],
    [chat([{ type: 'text', text: 5 }]), 'messages[0].content[0].text is 5, but must be a text.'],
    [
      chat([{ type: 'text', text: 'Hi', cache_control: { type: 'ephemeral' } }]),
      'messages[0].content[0] has unknown field cache_control.',
    ],
    [{ messages: [message, { ...message, weight: 1 }] }, 'messages[1] has unknown field weight.'],
    [{ messages: [{ ...message, refusal: 'No' }] }, 'messages[0].refusal is "No", but only null is supported.'],
    [{ messages: [{ ...message, tool_calls: 'a' }] }, 'messages[0].tool_calls is "a", a text, but must be an array.'],
    [
      { messages: [{ role: 'assistant', content: null, tool_calls: [{ function: { arguments: '{' } }] }] },
      'messages[0].tool_calls[0].function.arguments is "{", a text that is not JSON.',
    ],
    [{ prompt: 'a', n: 2 }, '`n` is 2, but only 1 is supported.'],
    [{ prompt: 'a', n: '1' }, '`n` is "1", but must be an integer from 1 to 128.'],
    [{ prompt: 'a', n: 129 }, '`n` is 129, but must be an integer from 1 to 128.'],
    [{ prompt: 'a', metadata: { a: 1 } }, NO_METADATA],
    [{ prompt: 'a', metadata: { a: 'x'.repeat(513) } }, NO_METADATA],
    [{ prompt: 'a', model: 5 }, '`model` is 5, but must be a text.'],
    [{ prompt: 'a', stream: true }, '`stream` is true, but only false is supported.'],
    [{ prompt: 'a', suffix: 'z' }, '`suffix` is "z", but only null is supported.'],
    [{ prompt: 'a', wat: 1 }, 'unknown field `wat` in the body.'],
    [{ prompt: 'a', wat: null }, 'unknown field `wat` in the body.'],
    [
      { prompt: 'a', max_tokens: 3, max_completion_tokens: 4 },
      '`max_completion_tokens` is there twice, by its two names.',
    ],
    [{ prompt: 'a', top_logprobs: 3 }, '`top_logprobs` is for chats; a completion takes `logprobs: n`.'],
    [{ ...chat('Hi'), top_logprobs: 3 }, '`top_logprobs` needs `logprobs: true`.'],
    [{ ...chat('Hi'), logprobs: 3 }, '`logprobs` is 3, but must be true or false.'],
    [{ prompt: 'a', add_generation_prompt: false }, '`add_generation_prompt` is for chats.'],
    [{ prompt: 'a', add_special_tokens: false }, '`add_special_tokens` is false, but a completion has only true.'],
    [{ ...chat('Hi'), add_special_tokens: true }, '`add_special_tokens` is true, but a chat has only false.'],
    [{ ...chat('Hi'), chat_template_kwargs: [] }, '`chat_template_kwargs` is an array, but must be an object.'],
    [
      { ...chat('Hi'), chat_template_kwargs: { messages: [] } },
      '`chat_template_kwargs` has `messages`, which stand beside it.',
    ],
    [
      { ...chat('Hi'), add_generation_prompt: true, continue_final_message: true },
      '`continue_final_message` and `add_generation_prompt` cannot both be true.',
    ],
    [{ prompt: 'a', return_token_ids: 1 }, '`return_token_ids` is 1, but must be true or false.'],
  ])('%o', (request, reason) => {
    const text = typeof request === 'string' ? request : JSON.stringify(request)
    const error = catchError(() => parseBatchRequest(text, 7))
    expect(error).toBeInstanceOf(InvalidRequest)
    expect(error.message).toBe(`Line 7: ${reason}`)
  })

  it('what is not JSON, with the parser’s reason and cause', () => {
    const error = catchError(() => parseBatchRequest('{"prompt": ', 3))
    expect(error.message).toMatch(/^Line 3: this is not JSON \(SyntaxError: .+\)\.$/)
    expect((error.cause as Error).cause).toBeInstanceOf(SyntaxError)
  })

  // each of these once passed a lookup in a plain object, and was read as a parameter or an endpoint
  it.each(['toString', 'constructor', '__proto__', 'hasOwnProperty'])('the inherited name %s', name => {
    const refuses = (text: string) => expect(catchError(() => parseBatchRequest(text, 1)).message)
    refuses(`{"prompt": "a", "${name}": null}`).toBe(`Line 1: unknown field \`${name}\` in the body.`)
    refuses(`{"prompt": "a", "${name}": {"n": 1}}`).toBe(`Line 1: unknown field \`${name}\` in the body.`)
    refuses(`{"url": "${name}", "prompt": "a"}`).toBe(`Line 1: \`url\` is "${name}", but must be one of ${URLS}.`)
  })

  // the engine spreads `stop` and reads the entries of `logitBias`: a number once ended the whole job, or was ignored
  it.each([
    [{ stop: 5 }, '`stop` must be a text or an array of texts.'],
    [{ stop: { a: 1 } }, '`stop` must be a text or an array of texts.'],
    [{ logit_bias: 5 }, '`logit_bias` must be an object from token ids to numbers.'],
    [{ logit_bias: [1] }, '`logit_bias` must be an object from token ids to numbers.'],
  ])('%o, a value of the wrong kind', (fields, reason) => {
    expect(catchError(() => parse({ prompt: 'a', ...fields })).message).toBe(`Line 7: ${reason}`)
  })
})

describe('a bad line is named', () => {
  it('by its custom_id where that can be read', () => {
    expect(readLine('{"custom_id": "x", "prompt": 5}', 2)).toMatchObject({ line: 2, customId: 'x' })
  })

  it.each(['{', '[]', '{"custom_id": 5}', '{}', '{"custom_id": null}'])('by its number where it is %s', text => {
    expect(readLine(text, 2)).toMatchObject({ line: 2, customId: undefined, outcome: expect.any(InvalidRequest) })
  })
})

function catchError(act: () => unknown): Error {
  try {
    act()
  } catch (error) {
    if (error instanceof Error) return error
  }
  throw new Error('nothing was thrown')
}
