import { describe, expect, it } from 'vitest'
import { customIdOf, parseBatchRequest } from '../../src/api/batch-request'
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
    [{ model: 'm', user: 'u', metadata: {}, store: true, service_tier: 'auto' }, {}],
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

const URLS = '/v1/completions, /v1/chat/completions'
const ONE_PROMPT = '`prompt` must be one text or an array of token ids; several prompts are several lines.'
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
    [{ prompt: ['a', 'b'] }, ONE_PROMPT],
    [{ prompt: [1, 2.5] }, ONE_PROMPT],
    [{ prompt: null }, ONE_PROMPT],
    [{ messages: [] }, '`messages` must be an array of at least one {role, content}.'],
    [{ messages: 'Hi' }, '`messages` must be an array of at least one {role, content}.'],
    [{ messages: [null] }, TEXTS],
    [{ messages: ['Hi'] }, TEXTS],
    [{ messages: [{ role: 5, content: 'Hi' }] }, TEXTS],
    [{ messages: [{ content: 'Hi' }] }, TEXTS],
    [chat(null), TEXTS],
    [chat([{ type: 'text', text: 'Hi' }]), 'messages[0].content is a list of parts, but must be one text.'],
    [{ messages: [message, { ...message, name: 'x' }] }, 'messages[1] has unknown field name.'],
    [{ prompt: 'a', n: 2 }, '`n` is 2, but only 1 is supported.'],
    [{ prompt: 'a', stream: true }, '`stream` is true, but only false is supported.'],
    [{ prompt: 'a', suffix: 'z' }, '`suffix` is "z", but only null is supported.'],
    [{ prompt: 'a', tools: [] }, 'unknown field `tools` in the body.'],
    [
      { prompt: 'a', max_tokens: 3, max_completion_tokens: 4 },
      '`max_completion_tokens` is there twice, by its two names.',
    ],
    [{ prompt: 'a', top_logprobs: 3 }, '`top_logprobs` is for chats; a completion takes `logprobs: n`.'],
    [{ ...chat('Hi'), top_logprobs: 3 }, '`top_logprobs` needs `logprobs: true`.'],
    [{ ...chat('Hi'), logprobs: 3 }, '`logprobs` is 3, but must be true or false.'],
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
    expect(customIdOf('{"custom_id": "x", "prompt": 5}', 2)).toBe('x')
  })

  it.each(['{', '[]', '{"custom_id": 5}', '{}'])('by its number where it is %s', text => {
    expect(customIdOf(text, 2)).toBe('request-2')
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
