import { Tokenizer as HuggingFaceTokenizer } from '@huggingface/tokenizers'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { Deferred } from '../../src/core/deferred'
import { pause } from '../../src/core/pause'
import { type Engine, InvalidRequest, type Priority, type Prompt } from '../../src/index'
import { byteLevelTokenizer } from '../support/seeded-tokenizer'
import { openEngine, tinyModel } from './open'

let engine: Engine
beforeAll(async () => {
  engine = await openEngine()
})
afterAll(() => engine.dispose())

describe('mistakes in a call are thrown at once, as InvalidRequest', () => {
  test.each<[string, () => unknown, string]>([
    ['a text', () => engine.generate('text' as never), 'The prompts are string, but must be an array: [prompt]'],
    ['no prompts', () => engine.generate(undefined as never), 'The prompts are undefined, but must be an array'],
    ['null', () => engine.generate(null as never), 'The prompts are null, but must be an array'],
    ['null parameters', () => engine.generate([], null as never), 'The parameters are null, but must be an object'],
    ['parameters that are a number', () => engine.generate([], 3 as never), 'The parameters are 3, but must be'],
    ['a hole in the parameters', () => engine.generate(['a'], new Array(1)), 'The parameters are undefined, but'],
    ['null options', () => engine.generate([], {}, null as never), 'The options of a call are null, but must be'],
    ['a controller as signal', () => engine.generate([], {}, { signal: new AbortController() as never }), 'signal is'],
    [
      'a text as `onText`',
      () => engine.generate([], {}, { onText: 'a' as never }),
      'onText is "a", a text, but must be',
    ],
    [
      'a priority',
      () => engine.generate([], {}, { priority: 'high' as never }),
      'priority is "high", a text, but must',
    ],
    ['a number', () => engine.generate([], {}, { priority: 1 as never }), 'priority is 1, but must be one of inter'],
  ])('%s', (_, call, message) => {
    expect(call).toThrow(InvalidRequest)
    expect(call).toThrow(message)
  })

  test('of whatever else, they reject', async () => {
    const bad = ['text', null, undefined] as never[]
    for (const prompts of bad) await expect(engine.plan(prompts)).rejects.toBeInstanceOf(InvalidRequest)
    await expect(engine.checkParams(null as never)).rejects.toBeInstanceOf(InvalidRequest)
    await expect(engine.tokenize(null as never)).rejects.toBeInstanceOf(InvalidRequest)
    await expect(engine.tokenize('a', null as never)).rejects.toBeInstanceOf(InvalidRequest)
    await expect(engine.detokenize('a' as never)).rejects.toBeInstanceOf(InvalidRequest)
    await expect(engine.stream(null as never).next()).rejects.toBeInstanceOf(InvalidRequest)
    await expect(engine.stream('a', null as never).next()).rejects.toBeInstanceOf(InvalidRequest)
    await expect(engine.stream('a', {}, null as never).next()).rejects.toBeInstanceOf(InvalidRequest)
  })
})

test('a prompt that is none fails alone, as InvalidRequest that says what it is', async () => {
  const message = { role: 'user', content: 'a' }
  const holed: Prompt[] = new Array(2)
  const prompts = [
    null,
    undefined,
    3,
    true,
    {},
    { messages: 3 },
    [null],
    [undefined, message],
    [message, null],
    [{}],
    [message, 3],
    ['a'],
    [{ role: 'user', content: 5 }],
    { messages: [] },
  ]
  const results = await engine.generate([...(prompts as never[]), ...holed, 'a'], { maxTokens: 1 }).all()
  const failed = results.slice(0, -1).map(({ error }) => error)
  expect(failed.every(error => error instanceof InvalidRequest)).toBe(true)
  expect(failed.map(error => error?.message)).toMatchObject([
    'A prompt is a text, messages or token ids, not null.',
    'A prompt is a text, messages or token ids, not undefined.',
    'A prompt is a text, messages or token ids, not number.',
    'A prompt is a text, messages or token ids, not boolean.',
    'A prompt is a text, messages or token ids, not object.',
    'The messages of a chat must be an array, not number.',
    'Message 0 of the prompt is null, but must be an object with a role.',
    'Token 0 of the prompt is undefined, but ids go from 0 to 300.',
    'Message 1 of the prompt is null, but must be an object with a role.',
    'Message 0 of the prompt is one without a role, but must be an object with a role.',
    'Message 1 of the prompt is 3, but must be an object with a role.',
    'Token 0 of the prompt is a, but ids go from 0 to 300.',
    'Message 0 of the prompt has a content that is neither a text nor a list of texts.',
    'A chat has at least one message.',
    'A prompt is a text, messages or token ids, not undefined.',
    'A prompt is a text, messages or token ids, not undefined.',
  ])
  expect(results.at(-1)?.error).toBeUndefined()
})

test('results are handed out once: reading them again is an InvalidRequest, in any way', async () => {
  const readings = [
    (generation: ReturnType<Engine['generate']>) => generation.all(),
    async (generation: ReturnType<Engine['generate']>) => {
      for await (const _ of generation);
    },
  ]
  for (const first of readings) {
    for (const second of readings) {
      const generation = engine.generate(['a', 'b'], { maxTokens: 1 })
      const [one, two] = [first(generation), second(generation)]
      await expect(two).rejects.toBeInstanceOf(InvalidRequest)
      await one
      await expect(second(generation)).rejects.toThrow('handed out only once')
    }
  }
})

describe('no token outside the vocabulary reaches the GPU', () => {
  const json = byteLevelTokenizer(301)
  const foreign = { id: 2500, content: '<x>', special: true, normalized: false }

  test.each<[string, Prompt, string]>([
    ['of a text', 'a <x> b', 'Token 2 of the prompt is 2500 ("<x>"), but ids go from 0 to 300: the tokenizer'],
    ['of a chat', [{ role: 'user', content: '<x>' }], 'is 2500 ("<x>"), but ids go from 0 to 300'],
    ['too large', [1, 301], 'Token 1 of the prompt is 301, but ids go from 0 to 300.'],
    ['negative', [-(2 ** 31) + 1], 'Token 0 of the prompt is -2147483647, but ids go from 0 to 300.'],
    ['broken', [1.5], 'Token 0 of the prompt is 1.5, but ids go from 0 to 300.'],
    ['not a number', [Number.NaN], 'Token 0 of the prompt is NaN, but ids go from 0 to 300.'],
  ])('%s', async (_, prompt, message) => {
    const other = await openEngine(
      tinyModel({ 'tokenizer.json': { ...json, added_tokens: [...json.added_tokens, foreign] } }),
    )
    const [bad, good] = await other.generate([prompt, 'a b'], { maxTokens: 1 }).all()
    expect([bad.finishReason, good.finishReason]).toEqual(['error', 'length'])
    expect(bad.error).toBeInstanceOf(InvalidRequest)
    expect(bad.error?.message).toContain(message)
    other.dispose()
  })
})

test('a text far too long for the context is refused by its length, or as soon as its tokens fill the context', async () => {
  const encode = vi.spyOn(HuggingFaceTokenizer.prototype, 'encode')
  const length = () => encode.mock.calls.reduce((sum, [text]) => sum + text.length, 0)
  const messageOf = async (text: string) => (await engine.generate([text]).all())[0].error?.message ?? ''
  // of the tiny vocabulary the longest token is <|begin|>, of 9 characters
  expect(await messageOf('a'.repeat(9 * 512))).toBe(
    'The prompt has at least 512 tokens, but the context holds 512, output included. Shorten it.',
  )
  expect(await messageOf('1 '.repeat(10_000_000))).toContain('has at least 2222223 tokens')
  expect(length()).toBe(0)
  expect(await messageOf('b c '.repeat(1000))).toMatch(
    /^The prompt has at least 10\d\d tokens, but the context holds 512/,
  )
  expect(length()).toBeLessThan(1500)
  encode.mockRestore()
})

test('a text little too long is told by how much', async () => {
  const [{ error }] = await engine.generate(['a b '.repeat(200)]).all()
  expect(error?.message).toBe('The prompt has 800 tokens, but the context holds 512, output included. Shorten it.')
})

/** An engine with room for one prompt at a time, of which no step ends before `goOn` is called. */
async function openNarrow() {
  const held = new Deferred<void>()
  const mapAsync = () => held.promise.then(() => pause())
  const engine = await openEngine(undefined, { blocks: 1, contextLength: 16 }, { mapAsync })
  const untilThere = (size: number) =>
    vi.waitFor(async () => {
      const { running, waiting } = await engine.stats()
      expect([running, running + waiting]).toEqual([1, size])
    })
  return { engine, untilThere, goOn: () => held.resolve() }
}

test('prompts of an interactive call go before all others, of which the one that gave way goes on first', async () => {
  const { engine: other, untilThere, goOn } = await openNarrow()
  const order: string[] = []
  const ask = async (name: string, count: number, priority?: Priority) => {
    const prompts = Array.from({ length: count }, (_, index) => [name.length, index])
    for await (const _ of other.generate(prompts, { maxTokens: 3, ignoreEos: true }, { priority })) order.push(name)
  }
  const job = ask('job', 3)
  await untilThere(3)
  const others = [ask('page', 3, 'interactive'), ask('other', 1, 'normal')]
  await untilThere(7)
  goOn()
  await Promise.all([job, ...others])
  other.dispose()
  expect(order).toEqual(['page', 'page', 'page', 'job', 'other', 'job', 'job'])
})

test('a stream is interactive and a call normal, unless they say otherwise', async () => {
  const { engine: other, untilThere, goOn } = await openNarrow()
  const order: string[] = []
  const params = { maxTokens: 3, ignoreEos: true }
  const call = async (name: string, priority?: Priority) => {
    for await (const _ of other.generate([[1]], params, { priority })) order.push(name)
  }
  const stream = async (name: string, priority?: Priority) => {
    for await (const _ of other.stream([2], params, { priority }));
    order.push(name)
  }
  const calls = [stream('slow', 'background'), call('row'), call('urgent', 'interactive'), stream('chat')]
  await untilThere(4)
  goOn()
  await Promise.all(calls)
  other.dispose()
  expect(order).toEqual(['urgent', 'chat', 'row', 'slow'])
})
