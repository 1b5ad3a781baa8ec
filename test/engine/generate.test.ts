import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createEngine, type Engine, type GenerationParams, type GenerationResult } from '../../src/index'
import { sharedDevice } from '../support/device'
import { TINY, TINY_SEED } from '../support/engine'
import { seededModel } from '../support/seeded-weights'

let engine: Engine
beforeAll(async () => {
  const device = await sharedDevice()
  engine = await createEngine(seededModel(TINY, TINY_SEED), { device, blocks: 64, contextLength: 128 })
})
afterAll(() => engine.dispose())

const greedy = { maxTokens: 8, ignoreEos: true }

/** What must hold when nothing runs. */
async function expectDrained() {
  expect(await engine.stats()).toMatchObject({ running: 0, waiting: 0, usedBlocks: 0 })
}

describe('generate', () => {
  it('answers texts, messages and token ids of mixed lengths, each with its own parameters', async () => {
    const prompts = ['Hello', [{ role: 'user', content: 'Hi' }], [1, 2, 3], 'x'.repeat(90)]
    const results = await engine.generate(prompts, [greedy, greedy, { ...greedy, maxTokens: 3 }, greedy]).all()
    expect(results.map(({ index }) => index)).toEqual([0, 1, 2, 3])
    expect(results.map(({ usage }) => usage.completionTokens)).toEqual([8, 8, 3, 8])
    expect(results[2].promptTokenIds).toEqual([1, 2, 3])
    expect(results.every(({ finishReason }) => finishReason === 'length')).toBe(true)
    expect(results[1].promptTokenIds[0]).toBe(TINY.bos_token_id)
    await expectDrained()
  })

  it('gives the shortest prompt first and `.all()` in order', async () => {
    const params = [12, 2, 6].map(maxTokens => ({ ...greedy, maxTokens }))
    const order: number[] = []
    for await (const { index } of engine.generate([[5], [6], [7]], params)) order.push(index)
    expect(order).toEqual([1, 2, 0])
  })

  it('answers an empty batch at once', async () => {
    expect(await engine.generate([]).all()).toEqual([])
  })

  it('fails only the prompts that cannot be served, each with its reason', async () => {
    const prompts = ['', [], [999], 'x'.repeat(200), [1.5], [7]]
    const results = await engine.generate(prompts, greedy).all()
    expect(results.map(({ error }) => error?.message ?? 'fine')).toEqual([
      'The prompt is empty, and this model has no begin-of-sequence token to start from. Give at least one token.',
      'The prompt is empty, and this model has no begin-of-sequence token to start from. Give at least one token.',
      'Token 0 of the prompt is 999, but ids go from 0 to 300.',
      'The prompt has 200 tokens, but the context holds 128, output included. Shorten it.',
      'Token 0 of the prompt is 1.5, but ids go from 0 to 300.',
      'fine',
    ])
    expect(results.map(({ finishReason }) => finishReason)).toEqual([...Array(5).fill('error'), 'length'])
    await expectDrained()
  })

  it.each([
    [{ temperature: Number.NaN }, 'temperature is NaN, but must be a number from 0 to 100.'],
    [{ maxTokens: 0 }, 'maxTokens is 0, but must be an integer from 1 to 2147483648.'],
    [{ topP: 2 }, 'topP is 2, but must be a number from 0 to 1.'],
    [{ seed: -1 }, 'seed is -1, but must be an integer from 0 to 4294967295.'],
    [{ logitBias: { 999: 1 } }, 'a token id of logitBias is 999, but must be an integer from 0 to 300.'],
    // each but the last was once a token id: Number('') is 0
    ...['', ' 5 ', '0x5', '1e1', '5.0', '-1', 'x'].map((key): [object, string] => [
      { logitBias: { [key]: 1 } },
      `a token id of logitBias is ${JSON.stringify(key)}, a text, but must be an integer from 0 to 300.`,
    ]),
    [{ logitBias: { 5: 1, '05': 2 } }, 'logitBias has two entries for the same token, as in 5 and 05.'],
    [{ temperature: '1' }, 'temperature is "1", a text, but must be a number from 0 to 100.'],
    [{ logprobs: 21 }, 'logprobs is 21, but must be an integer from 0 to 20.'],
    [{ stop: ['a', '\udf31'] }, 'stop[1] is "\\udf31", but must be a text of at least one character.'],
    [{ stop: [''] }, 'stop[0] is "", but must be a text of at least one character.'],
    [{ stop: 5 }, 'stop is 5, but must be a text or an array of texts.'],
    [{ logitBias: 5 }, 'logitBias is 5, but must be an object or a Map of token ids to numbers.'],
    [{ structuredOutputs: null }, /^structuredOutputs is null, but must be an object like /],
    [{ temprature: 1 }, /^Unknown parameter temprature\. Known are maxTokens, /],
  ])('refuses %o before anything runs', async (params, message) => {
    expect(() => engine.generate(['a'], params as GenerationParams)).toThrow(message)
    await expectDrained()
  })

  it('refuses sets of parameters that do not match the prompts', () => {
    expect(() => engine.generate(['a', 'b'], [greedy])).toThrow('1 sets of parameters for 2 prompts')
  })

  it('fills the context to the last token and no further', async () => {
    const [result] = await engine.generate([Array.from({ length: 120 }, () => 65)], { ...greedy, maxTokens: 100 }).all()
    expect(result.usage).toEqual({ promptTokens: 120, completionTokens: 8, cachedTokens: expect.any(Number) })
    expect(result.finishReason).toBe('length')
  })

  it('ends at a stop string that spans tokens, and leaves it out', async () => {
    const [free] = await engine.generate([[70, 71]], { ...greedy, maxTokens: 12 }).all()
    const stop = free.text.slice(3, 5)
    const [stopped] = await engine.generate([[70, 71]], { ...greedy, maxTokens: 12, stop }).all()
    expect(stopped.finishReason).toBe('stop')
    expect(stopped.text).toBe(free.text.slice(0, free.text.indexOf(stop)))
    expect(stopped.tokenIds).toEqual(free.tokenIds.slice(0, stopped.tokenIds.length))
    await expectDrained()
  })

  it('ends at the end-of-sequence token unless told to ignore it', async () => {
    const bias = { logitBias: { 257: 1e6 } }
    const [ended] = await engine.generate([[9]], { maxTokens: 5, ...bias }).all()
    expect(ended).toMatchObject({ finishReason: 'stop', tokenIds: [257], text: '' })
    const [ignored] = await engine.generate([[9]], { maxTokens: 5, ignoreEos: true, ...bias }).all()
    expect(ignored).toMatchObject({ finishReason: 'length', tokenIds: Array(5).fill(257) })
  })

  it('reports log-probabilities: the greedy token is the most likely', async () => {
    const [{ logprobs, tokenIds }] = await engine.generate([[42]], { ...greedy, logprobs: 3 }).all()
    expect(logprobs?.map(({ tokenId }) => tokenId)).toEqual(tokenIds)
    for (const { tokenId, logprob, topLogprobs } of logprobs ?? []) {
      expect(topLogprobs).toHaveLength(3)
      expect(topLogprobs[0]).toMatchObject({ tokenId, logprob })
      expect(topLogprobs[1].logprob).toBeLessThanOrEqual(logprob)
    }
  })

  it('draws the same with the same seed and differently with another', async () => {
    const draw = (seed: number) =>
      engine.generate([[1, 2]], { maxTokens: 16, ignoreEos: true, temperature: 1.5, seed }).all()
    const [[a], [again], [other]] = [await draw(1), await draw(1), await draw(2)]
    expect(again.tokenIds).toEqual(a.tokenIds)
    expect(other.tokenIds).not.toEqual(a.tokenIds)
  })

  it('draws the same whether log-probabilities are asked for or not', async () => {
    const draw = (temperature: number, logprobs?: number) =>
      engine.generate([[1, 2], [3]], { maxTokens: 16, ignoreEos: true, temperature, seed: 5, logprobs }).all()
    for (const temperature of [0, 0.4, 1.5]) {
      const [plain, reporting] = [await draw(temperature), await draw(temperature, 0)]
      expect(reporting.map(({ tokenIds }) => tokenIds)).toEqual(plain.map(({ tokenIds }) => tokenIds))
    }
  })

  it('serves calls that overlap as if each were alone', async () => {
    const prompts = [[1], [2, 3], [4, 5, 6]]
    const alone: number[][] = []
    for (const prompt of prompts) alone.push([...(await engine.generate([prompt], greedy).all())[0].tokenIds])
    const together = await Promise.all(prompts.map(prompt => engine.generate([prompt], greedy).all()))
    expect(together.map(([{ tokenIds }]) => tokenIds)).toEqual(alone)
  })
})

describe('stream', () => {
  it('hands out the text as it comes, and returns the result', async () => {
    const stream = engine.stream('Hello', greedy)
    let text = ''
    let next = await stream.next()
    for (; !next.done; next = await stream.next()) text += next.value
    expect(next.value.text).toBe(text)
    const [whole] = await engine.generate(['Hello'], greedy).all()
    expect(text).toBe(whole.text)
  })

  it('throws the error of a prompt that cannot be served', async () => {
    await expect(engine.stream('').next()).rejects.toThrow('The prompt is empty')
  })

  it('stops generating when the reader leaves', async () => {
    for await (const _ of engine.stream([65], { maxTokens: 100, ignoreEos: true })) break
    await expectDrained()
  })
})

describe('an abort', () => {
  it('delivers what there is, throws the reason, and frees everything', async () => {
    const abort = new AbortController()
    const seen: GenerationResult[] = []
    const generation = engine.generate(
      [[1], [2]],
      [
        { ...greedy, maxTokens: 2 },
        { ...greedy, maxTokens: 100 },
      ],
      abort,
    )
    const reading = (async () => {
      for await (const result of generation) {
        seen.push(result)
        abort.abort()
      }
    })()
    await expect(reading).rejects.toMatchObject({ name: 'AbortError' })
    expect(seen.map(({ finishReason }) => finishReason)).toEqual(['length', 'abort'])
    await expectDrained()
  })

  it('that came before the call stops it before it starts', async () => {
    expect(() => engine.generate(['a'], greedy, { signal: AbortSignal.abort() })).toThrow('abort')
    await expectDrained()
  })

  it('after the last result changes nothing', async () => {
    const abort = new AbortController()
    const results = await engine.generate([[1]], greedy, abort).all()
    abort.abort()
    expect(results).toHaveLength(1)
  })
})

it('leaving the loop early stops the other prompts', async () => {
  for await (const _ of engine.generate([[1], [2], [3]], [{ ...greedy, maxTokens: 1 }, greedy, greedy])) break
  await expectDrained()
})
