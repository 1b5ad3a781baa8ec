/** Clients of OpenAI's API that are no part of this project's own tools, pointed at an engine's `fetch`. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Engine } from '../../src/index'
import { type OpenAiClient, openai } from '../../src/openai'
import { openEngine } from '../null-gpu/open'
import { installed } from './install'

let folder: string
let engine: Engine
let fetch: OpenAiClient['fetch']

beforeAll(async () => {
  folder = installed('clients')
  engine = await openEngine()
  fetch = openai(engine, { model: 'tiny', defaults: { maxTokens: 4 } }).fetch
}, 300_000)
afterAll(() => engine.dispose())

const load = (path: string) => import(/* @vite-ignore */ `${folder}/node_modules/${path}`)

// what a GPU that does nothing draws, four times
const TEXT = 'dddd'

describe('the Vercel AI SDK', () => {
  const open = async () => {
    const [{ createOpenAICompatible }, sdk] = await Promise.all([
      load('@ai-sdk/openai-compatible/dist/index.mjs'),
      load('ai/dist/index.mjs'),
    ])
    const provider = createOpenAICompatible({
      name: 'coppice',
      baseURL: 'http://coppice/v1',
      fetch,
      includeUsage: true,
    })
    return { sdk, model: provider('tiny'), provider }
  }
  const messages = [
    { role: 'user', content: [{ type: 'text', text: 'Hi' }] },
    { role: 'assistant', content: [{ type: 'text', text: 'Yes?' }] },
    { role: 'user', content: 'Bye' },
  ]

  it('generates and streams, with cached tokens where it puts them', async () => {
    const { sdk, model } = await open()
    const whole = await sdk.generateText({ model, system: 'Be brief.', messages, maxRetries: 0 })
    expect(whole).toMatchObject({ text: TEXT, finishReason: 'length', usage: { outputTokens: 4 } })
    // but for its parameters the same: its prompt is in the cache
    const stream = sdk.streamText({
      model,
      system: 'Be brief.',
      messages,
      temperature: 0.5,
      seed: 1,
      stopSequences: ['x'],
      maxRetries: 0,
    })
    let text = ''
    for await (const piece of stream.textStream) text += piece
    expect(text).toBe(TEXT)
    const { inputTokens, inputTokenDetails } = await stream.usage
    expect(inputTokenDetails.cacheReadTokens).toBe(inputTokens - 1)
  })

  it('is told of errors, and leaves when it is told to', async () => {
    const { sdk, model, provider } = await open()
    const failing = sdk.generateText({ model: provider('gpt-5'), prompt: 'Hi', maxRetries: 0 })
    await expect(failing).rejects.toMatchObject({
      statusCode: 404,
      message: expect.stringContaining('there is `tiny`'),
    })
    const abort = new AbortController()
    const left = sdk.generateText({ model, prompt: 'Hi', maxOutputTokens: 300, abortSignal: abort.signal })
    abort.abort()
    await expect(left).rejects.toMatchObject({ name: 'AbortError' })
  })
})

describe('LangChain', () => {
  const open = async (fields: object = {}) => {
    const { ChatOpenAI, OpenAI } = await load('@langchain/openai/dist/index.js')
    const given = { model: 'tiny', apiKey: '-', maxRetries: 0, configuration: { fetch }, ...fields }
    return { chat: new ChatOpenAI(given), completion: new OpenAI(given) }
  }

  it('chats, streams, and runs batches side by side', async () => {
    const { chat } = await open({ maxTokens: 4 })
    const answer = await chat.invoke([
      ['system', 'Be brief.'],
      ['human', 'Hi'],
    ])
    expect(answer).toMatchObject({ content: TEXT, usage_metadata: { output_tokens: 4 } })
    let text = ''
    for await (const { content } of await chat.stream('Hi')) text += content
    expect(text).toBe(TEXT)
    const answers: { readonly content: string }[] = await chat.batch(['one', 'two', 'three'])
    expect(answers.map(({ content }) => content)).toEqual([TEXT, TEXT, TEXT])
  })

  it('completes texts', async () => {
    const { completion } = await open({ maxTokens: 4 })
    expect(await completion.invoke('Once')).toBe(TEXT)
  })

  it('is told which field is refused', async () => {
    const { chat } = await open()
    const refused = chat.invoke('Hi', { response_format: { type: 'xml' } })
    await expect(refused).rejects.toMatchObject({ status: 400, param: 'response_format.type', code: 'invalid_value' })
  })
})
