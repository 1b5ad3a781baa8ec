/** The official client, and the methods of the same names, over an engine of this thread and over one behind a port. */
import OpenAI from 'openai'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { runJob } from '../../src/batch'
import type { Engine } from '../../src/index'
import { type ChatCompletion, type OpenAiClient, openai, RefusedRequest } from '../../src/openai'
import { openEngine } from '../null-gpu/open'
import { openRemote } from '../worker/open'

const ENGINES = {
  'an engine of this thread': () => openEngine(undefined, { contextLength: 128 }),
  'an engine behind a port': async () => (await openRemote({ contextLength: 128 })).engine,
}

const messages = [{ role: 'user', content: 'Hi' }] satisfies OpenAI.ChatCompletionMessageParam[]
// what a GPU that does nothing draws is always `d`
const few = { model: 'tiny', max_tokens: 3, ignore_eos: true }
const d = { token: 'd', bytes: [100] }

describe.each(Object.entries(ENGINES))('%s, to the official client,', (_, open) => {
  let engine: Engine
  let ours: OpenAiClient
  let client: OpenAI
  beforeAll(async () => {
    engine = await open()
    ours = openai(engine, { model: 'tiny' })
    client = new OpenAI({ fetch: ours.fetch, apiKey: '-', maxRetries: 0 })
  })
  afterAll(() => engine.dispose())

  it('answers a chat, as its method of that name does', async () => {
    const request = { ...few, messages, metadata: { a: 'b' }, logprobs: true, top_logprobs: 1 }
    const answers: OpenAI.ChatCompletion[] = [
      await client.chat.completions.create(request),
      await ours.chat.completions.create(request),
    ]
    for (const answer of answers) {
      expect(answer).toEqual({
        id: expect.stringMatching(/^chatcmpl-[0-9a-f]{32}$/),
        object: 'chat.completion',
        created: expect.any(Number),
        model: 'tiny',
        choices: [
          {
            index: 0,
            message: { role: 'assistant', content: 'ddd', refusal: null },
            logprobs: { content: new Array(3).fill(expect.objectContaining(d)), refusal: null },
            finish_reason: 'length',
          },
        ],
        usage: {
          prompt_tokens: expect.any(Number),
          completion_tokens: 3,
          total_tokens: (answer.usage?.prompt_tokens ?? 0) + 3,
          prompt_tokens_details: { cached_tokens: expect.any(Number) },
        },
        metadata: { a: 'b' },
      })
    }
    expect(answers[0].id).not.toBe(answers[1].id)
  })

  it('computes a prompt once for several answers, which share it', async () => {
    const { prefillTokens } = await engine.stats()
    const content = 'one two three four'
    const request = { ...few, messages: [{ role: 'user' as const, content }], n: 3 }
    const { choices, usage } = await client.chat.completions.create(request)
    const length = usage?.prompt_tokens ?? 0
    expect(choices.map(({ index }) => index)).toEqual([0, 1, 2])
    expect(usage?.completion_tokens).toBe(9)
    // the other two compute their last token again, for its logits
    const cached = usage?.prompt_tokens_details?.cached_tokens ?? 0
    expect((await engine.stats()).prefillTokens - prefillTokens).toBe(length - cached + 2)
    const again = await client.chat.completions.create(request)
    expect(again.usage).toMatchObject({ prompt_tokens: length, prompt_tokens_details: { cached_tokens: length - 1 } })
  })

  it('streams a chat: roles, pieces, the end of each choice, the usage', async () => {
    const request = { ...few, messages, n: 2, stream: true, stream_options: { include_usage: true } } as const
    for (const stream of [await client.chat.completions.create(request), await ours.chat.completions.create(request)]) {
      const chunks: OpenAI.ChatCompletionChunk[] = []
      for await (const chunk of stream) chunks.push(chunk)
      const role = { role: 'assistant', content: '', refusal: null }
      expect(chunks.slice(0, 2).map(({ choices }) => choices)).toEqual(
        [0, 1].map(index => [{ index, delta: role, logprobs: null, finish_reason: null }]),
      )
      const [last] = chunks.splice(-1)
      expect(last).toMatchObject({ choices: [], usage: { completion_tokens: 6 } })
      expect(chunks.every(({ usage, id }) => usage === null && id === last.id)).toBe(true)
      for (const index of [0, 1]) {
        const own = chunks.flatMap(({ choices }) => choices).filter(choice => choice.index === index)
        expect(own.map(({ delta }) => delta.content ?? '').join('')).toBe('ddd')
        expect(own.map(choice => choice.finish_reason).filter(reason => reason)).toEqual(['length'])
        expect(own.at(-1)).toMatchObject({ delta: {}, finish_reason: 'length' })
      }
    }
  })

  it('streams with the client’s own helper, which puts the answer together again', async () => {
    const stream = client.chat.completions.stream({ ...few, messages, logprobs: true })
    const { choices } = await stream.finalChatCompletion()
    expect(choices[0]).toMatchObject({ message: { content: 'ddd' }, logprobs: { content: [d, d, d] } })
  })

  it('answers completions, of several prompts too, whole and in pieces', async () => {
    const request = { ...few, prompt: ['a', 'b'], n: 2, logprobs: 1 }
    const whole: OpenAI.Completion = await client.completions.create(request)
    expect(whole).toMatchObject({ object: 'text_completion', usage: { completion_tokens: 12 } })
    expect(whole.choices.map(({ index, text }) => [index, text])).toEqual([0, 1, 2, 3].map(index => [index, 'ddd']))
    expect(whole.choices[0].logprobs).toMatchObject({ tokens: ['d', 'd', 'd'], text_offset: [0, 1, 2] })
    const texts = ['', '', '', '']
    for await (const { choices } of await client.completions.create({ ...request, stream: true })) {
      for (const { index, text } of choices) texts[index] += text
    }
    expect(texts).toEqual(new Array(4).fill('ddd'))
  })

  it('says which tokens prompt and output are, where vLLM’s field asks for them', async () => {
    const request = { ...few, prompt: [1, 2, 3], return_token_ids: true }
    const tokens = { prompt_token_ids: [1, 2, 3], token_ids: [100, 100, 100] }
    expect((await ours.completions.create(request)).choices[0]).toMatchObject(tokens)
    const ends: object[] = []
    for await (const { choices } of await ours.completions.create({ ...request, stream: true })) ends.push(choices[0])
    expect(ends.at(-1)).toMatchObject(tokens)
  })

  it.each([
    [{ structured_outputs: { regex: 'd{2}' } }, 'dd'],
    [{ structured_outputs: { choice: ['dd'], disable_any_whitespace: false } }, /whitespace/],
    [{ guided_grammar: 'root ::= "d" "d"' }, 'dd'],
  ])('holds an answer to what %o says, whole and in pieces, as in a job', async (fields, expected) => {
    const request = { ...few, max_tokens: 9, ignore_eos: false, messages, ...fields }
    const whole = client.chat.completions.create(request)
    if (typeof expected !== 'string') {
      await expect(whole).rejects.toMatchObject({ status: 400, param: 'structured_outputs' })
      const { responses } = await runJob(engine, [JSON.stringify(request)])
      expect(responses[0].error?.message).toMatch(expected)
      return
    }
    const { responses } = await runJob(engine, [JSON.stringify(request)])
    const choice = { message: { content: expected }, finish_reason: 'stop' }
    expect((await whole).choices).toMatchObject([choice])
    expect(responses[0].response?.body).toMatchObject({ choices: [choice] })
    const stream = client.chat.completions.stream({ ...request, stream: true })
    expect((await stream.finalChatCompletion()).choices).toMatchObject([choice])
  })

  it('lists its model', async () => {
    const model = { id: 'tiny', object: 'model', owned_by: 'coppice', max_model_len: 128 }
    expect((await client.models.list()).data).toEqual([{ ...model, created: expect.any(Number) }])
    expect(await client.models.retrieve('tiny')).toMatchObject(model)
    expect(await ours.models.list()).toMatchObject({ object: 'list', data: [model] })
    await expect(client.models.retrieve('gpt-5')).rejects.toMatchObject({ status: 404, code: 'model_not_found' })
  })

  it.each([
    [{ temperature: -1 }, 400, 'temperature', 'invalid_value'],
    // the tiny model's template has no place for them
    [{ tools: [{ type: 'function', function: { name: 'f' } }] }, 400, 'tools', 'unsupported_value'],
    [{ tools: [{ type: 'custom' }] }, 400, 'tools[0].type', 'unsupported_value'],
    [{ tools: [{ type: 'function', function: { name: 'a b' } }] }, 400, 'tools[0].function.name', 'invalid_value'],
    [{ tool_choice: 'required' }, 400, 'tool_choice', 'invalid_value'],
    [{ response_format: { type: 'xml' } }, 400, 'response_format.type', 'invalid_value'],
    [
      { response_format: { type: 'json_schema', json_schema: { schema: {} } } },
      400,
      'response_format.json_schema.name',
      'missing_required_parameter',
    ],
    [{ structured_outputs: { regx: 'a' } }, 400, 'structured_outputs.regx', 'unknown_parameter'],
    [{ structured_outputs: { choice: [] } }, 400, 'structured_outputs', 'invalid_value'],
    [{ structured_outputs: { regex: 'a' }, guided_regex: 'a' }, 400, 'guided_regex', 'invalid_value'],
    // what only its compilation finds
    [{ structured_outputs: { regex: '(?=a)' } }, 400, 'structured_outputs', 'invalid_value'],
    [{ store: true }, 400, 'store', 'unsupported_value'],
    [{ wat: 1 }, 400, 'wat', 'unknown_parameter'],
    [
      { messages: [{ role: 'user', content: [{ type: 'image_url' }] }] },
      400,
      'messages[0].content[0].type',
      'unsupported_value',
    ],
    [{ messages: [{ role: 'user', content: 'a '.repeat(200) }] }, 400, 'messages', 'context_length_exceeded'],
    [{ messages: undefined }, 400, 'messages', 'missing_required_parameter'],
    [{ model: 'gpt-5' }, 404, 'model', 'model_not_found'],
  ])('refuses %o with the field and why, streaming or not', async (fields, status, param, code) => {
    const request = { ...few, messages, ...fields } as OpenAI.ChatCompletionCreateParamsNonStreaming
    const type = 'invalid_request_error'
    const theirs = (stream: boolean) => client.chat.completions.create({ ...request, stream } as typeof request)
    for (const stream of [true, false]) {
      await expect(theirs(stream)).rejects.toMatchObject({ status, param, code, type })
      const own = ours.chat.completions.create({ ...request, stream } as object as typeof request)
      await expect(own).rejects.toBeInstanceOf(RefusedRequest)
      await expect(own).rejects.toMatchObject({ param, code, name: 'InvalidRequest' })
    }
  })

  it('stops where the client does: by its signal, or by leaving the loop', async () => {
    const long = { ...few, messages, max_tokens: 100 }
    const abort = new AbortController()
    const whole = client.chat.completions.create(long, { signal: abort.signal })
    abort.abort()
    await expect(whole).rejects.toThrow(OpenAI.APIUserAbortError)
    const request = { ...long, stream: true } as const
    for (const make of [() => client.chat.completions.create(request), () => ours.chat.completions.create(request)]) {
      for await (const chunk of await make()) if (chunk.choices[0].delta.content) break
    }
    const reason = new Error('enough')
    await expect(ours.chat.completions.create(long, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason)
    for (;;) {
      const { running, waiting, usedBlocks } = await engine.stats()
      if (running + waiting === 0) {
        expect(usedBlocks).toBe(0)
        break
      }
    }
  })

  it('gives what requests leave out as OpenAI does, or as the caller of `openai` says', async () => {
    expect((await ours.completions.create({ prompt: 'a' })).usage.completion_tokens).toBe(16)
    const short = openai(engine, { defaults: { maxTokens: 2 } })
    expect((await short.completions.create({ prompt: 'a' })).usage.completion_tokens).toBe(2)
    expect((await short.chat.completions.create({ messages })).usage.completion_tokens).toBe(2)
    expect(() => openai(engine, { defaults: { maxTokens: 0 } })).toThrow('defaults.maxTokens is 0')
    expect(() => openai(engine, { modle: 'a' } as object)).toThrow('Unknown option modle.')
  })
})

describe('over HTTP', () => {
  let engine: Engine
  let fetch: OpenAiClient['fetch']
  beforeAll(async () => {
    engine = await openEngine()
    fetch = openai(engine, { model: 'org/tiny' }).fetch
  })
  afterAll(() => engine.dispose())

  const post = (path: string, body: string) => fetch(`http://any${path}`, { method: 'POST', body })

  it('a stream is events of one line each, and ends with its mark', async () => {
    const body = JSON.stringify({ ...few, model: null, messages, stream: true })
    const response = await post('/v1/chat/completions', body)
    expect(response.headers.get('content-type')).toBe('text/event-stream')
    const events = (await response.text()).split('\n\n')
    expect(events.splice(-2)).toEqual(['data: [DONE]', ''])
    for (const event of events) {
      expect(event).toMatch(/^data: \{.*\}$/)
      expect(JSON.parse(event.slice(6))).not.toHaveProperty('usage')
    }
  })

  it.each([
    ['POST', '/v1/audio/speech', 404, 'unknown_url'],
    ['GET', '/v1/embeddings', 405, 'method_not_supported'],
    ['GET', '/', 404, 'unknown_url'],
    ['GET', '/v1/chat/completions', 405, 'method_not_supported'],
    ['POST', '/v1/models', 405, 'method_not_supported'],
    ['GET', '/v1/models/other', 404, 'model_not_found'],
    ['GET', '/v1/models/100%', 400, 'invalid_value'],
  ])('%s %s is refused with %i', async (method, path, status, code) => {
    const response = await fetch(new Request(`http://any${path}`, { method }))
    expect(response.status).toBe(status)
    expect(await response.json()).toMatchObject({ error: { code, message: expect.any(String) } })
  })

  it.each(['', '{', '[]', 'null'])('a body of %o is refused', async body => {
    const response = await post('/v1/completions', body)
    expect(response.status).toBe(400)
    expect(await response.json()).toMatchObject({ error: { type: 'invalid_request_error', param: null } })
  })

  it('a model’s name may have slashes, as they are or escaped', async () => {
    for (const id of ['org/tiny', 'org%2Ftiny']) {
      expect(await (await fetch(`http://any/v1/models/${id}`)).json()).toMatchObject({ id: 'org/tiny' })
    }
  })

  it('an engine that is gone answers 503, and that asking again is in vain; a stream ends with the error', async () => {
    const lost = await openEngine()
    const { fetch } = openai(lost)
    const body = JSON.stringify({ prompt: 'a', max_tokens: 100, stream: true })
    const request = { method: 'POST', body }
    const stream = await fetch('http://any/v1/completions', request)
    lost.dispose()
    const error = { type: 'server_error', code: 'Disposed', param: null }
    const text = await stream.text()
    expect(JSON.parse(text.trim().split('data: ').at(-1) ?? '')).toMatchObject({ error })
    const late = await fetch('http://any/v1/completions', request)
    expect([late.status, late.headers.get('x-should-retry')]).toEqual([503, 'false'])
    expect(await late.json()).toMatchObject({ error })
  })
})

it('the same seed gives the same answers, each choice its own', async () => {
  const engine = await openEngine()
  const seeds: unknown[] = []
  const spied = {
    ...engine,
    config: engine.config,
    generate: (...call: Parameters<Engine['generate']>) => {
      seeds.push((call[1] as { seed: number }[]).map(({ seed }) => seed))
      return engine.generate(...call)
    },
  } as Engine
  const { completions } = openai(spied, { model: 'tiny' })
  const request = { prompt: ['a', 'b'], n: 2, max_tokens: 1 }
  await completions.create({ ...request, seed: 2 ** 32 - 1 })
  await completions.create(request)
  await completions.create(request)
  expect(seeds[0]).toEqual([2 ** 32 - 1, 0, 2 ** 32 - 1, 0])
  expect(seeds[1]).not.toEqual(seeds[2])
  engine.dispose()
})

/** Answers are of the client's own types. */
export const typed = (answer: ChatCompletion): OpenAI.ChatCompletion => answer
