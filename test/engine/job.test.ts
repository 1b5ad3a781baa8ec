import { afterAll, beforeAll, expect, it } from 'vitest'
import { type BatchResponse, type JobProgress, readLines, runJob } from '../../src/batch'
import { createEngine, type Engine } from '../../src/index'
import { sharedDevice } from '../support/device'
import { TINY, TINY_SEED } from '../support/engine'
import { seededModel } from '../support/seeded-weights'

let engine: Engine
beforeAll(async () => {
  const device = await sharedDevice()
  engine = await createEngine(seededModel(TINY, TINY_SEED), { device, blocks: 64, contextLength: 128 })
})
afterAll(() => engine.dispose())

const line = (fields: object) => JSON.stringify({ ignore_eos: true, ...fields })

/** Good and bad lines in the order in which they do not finish, and lines without a request. */
const MIXED = [
  line({ custom_id: 'slow', prompt: 'Hello', max_tokens: 12 }),
  '',
  line({ custom_id: 'unknown', prompt: 'x', wat: 1 }),
  line({ prompt: [1, 2, 3], max_tokens: 2 }),
  '   \r',
  '{',
  JSON.stringify({ url: '/v1/chat/completions', body: { messages: [{ role: 'user', content: 'Hi' }], max_tokens: 5 } }),
  line({ custom_id: 'range', prompt: 'x', temperature: -1 }),
  line({ custom_id: 'long', prompt: 'x'.repeat(200) }),
  line({ custom_id: 'kind', prompt: 'x', stop: 5 }),
]

/** What the tests look at in the body of an answer. */
interface Body {
  readonly model: string
  readonly choices: readonly { readonly finish_reason: string; readonly logprobs: { readonly tokens: string[] } }[]
  readonly usage: { readonly prompt_tokens: number; readonly completion_tokens: number }
}
const bodies = (responses: readonly BatchResponse[]) =>
  responses.flatMap(({ response }) => (response ? [response.body as Body] : []))
const sum = (numbers: readonly number[]) => numbers.reduce((total, number) => total + number, 0)

it('answers come in input order, and a bad line fails alone', async () => {
  const { responses } = await runJob(engine, MIXED)
  expect(responses.map(({ id, custom_id: customId }) => [id, customId])).toEqual([
    ['batch_req_1', 'slow'],
    ['batch_req_3', 'unknown'],
    ['batch_req_4', 'request-4'],
    ['batch_req_6', 'request-6'],
    ['batch_req_7', 'request-7'],
    ['batch_req_8', 'range'],
    ['batch_req_9', 'long'],
    ['batch_req_10', 'kind'],
  ])
  expect(responses.map(({ response, error }) => error?.message ?? bodyLength(response?.body))).toEqual([
    12,
    'Line 3: unknown field `wat` in the body.',
    2,
    expect.stringMatching(/^Line 6: this is not JSON/),
    5,
    'Line 8: temperature is -1, but must be a number from 0 to 100.',
    'Line 9: The prompt has 200 tokens, but the context holds 128, output included. Shorten it.',
    'Line 10: `stop` must be a text or an array of texts.',
  ])
  for (const { response, error } of responses) expect(response === null).toBe(error !== null)
})

function bodyLength(body: object | undefined): number | undefined {
  return (body as Body | undefined)?.usage.completion_tokens
}

it('the summary is the sum of the answers', async () => {
  const { responses, summary } = await runJob(engine, MIXED)
  const usages = bodies(responses).map(({ usage }) => usage)
  expect(summary).toMatchObject({
    requests: 8,
    failed: 5,
    decodeTokens: sum(usages.map(usage => usage.completion_tokens)),
    promptTokens: sum(usages.map(usage => usage.prompt_tokens)),
    adapter: (await engine.stats()).adapter,
    weights: [{ source: 'F32', format: 'f32', elements: expect.any(Number), relativeRms: 0 }],
  })
  expect(summary.decodeTokens).toBe(12 + 2 + 5)
  // nothing was preempted, so every prompt token was computed once or taken over from an earlier test
  expect(summary.prefillTokens + summary.savedTokens).toBe(summary.promptTokens)
  expect(summary.treeTokens).toBeLessThanOrEqual(summary.promptTokens)
  expect(summary.kvBytesRead).toBeGreaterThan(0)
  // every token was computed but each answer's last, which nobody needs
  expect(summary.tokensPerStep * summary.steps).toBeCloseTo(summary.prefillTokens + summary.decodeTokens - 3)
  expect(summary.tokensPerSecond).toBeCloseTo(summary.decodeTokens / (summary.wallMs / 1000))
  expect(summary.steps).toBeGreaterThanOrEqual(12)
  expect(summary.peakBlocks).toBeGreaterThanOrEqual(3)
})

it('progress goes up by one with each answer, to the total', async () => {
  const seen: JobProgress[] = []
  const answered: BatchResponse[] = []
  const { responses, summary } = await runJob(engine, MIXED, {
    onResponse: response => answered.push(response),
    onProgress: progress => seen.push(progress),
  })
  expect(seen.map(({ done, total }) => [done, total])).toEqual(responses.map((_, index) => [index + 1, 8]))
  for (const key of ['decodeTokens', 'elapsedMs'] as const) {
    const values = seen.map(progress => progress[key])
    expect(values).toEqual([...values].sort((a, b) => a - b))
  }
  expect(seen.at(-1)?.decodeTokens).toBe(summary.decodeTokens)
  expect(new Set(answered)).toEqual(new Set(responses))
})

it('`maxTokens` and `modelName` are for requests and engines that do not say', async () => {
  const lines = [line({ prompt: 'a' }), line({ prompt: 'a', max_tokens: 6 }), line({ prompt: 'a', max_tokens: null })]
  const { responses } = await runJob(engine, lines, { maxTokens: 3, modelName: 'tiny' })
  expect(bodies(responses).map(({ usage }) => usage.completion_tokens)).toEqual([3, 6, 3])
  expect(bodies(responses).map(({ model }) => model)).toEqual(['tiny', 'tiny', 'tiny'])
  const { responses: unnamed } = await runJob(engine, lines.slice(1, 2))
  expect(bodies(unnamed).map(({ model }) => model)).toEqual([engine.modelName])
})

// once an empty text, which no reader of log-probabilities can tell from any other hidden token
it('the end-of-sequence token has a name among the log-probabilities', async () => {
  const fields = { prompt: 'a', max_tokens: 4, ignore_eos: false, logit_bias: { 257: 1e6 }, logprobs: 0 }
  const { responses } = await runJob(engine, [line(fields)])
  expect(bodies(responses)[0].choices[0]).toMatchObject({
    text: '',
    finish_reason: 'stop',
    logprobs: { tokens: ['<|end|>'] },
  })
})

it('the later of two lines with one name fails, and generated names are nobody’s', async () => {
  const given = (id: string) => line({ custom_id: id, prompt: 'a', max_tokens: 1 })
  const { responses } = await runJob(engine, [
    given('a'),
    line({ prompt: 'a', max_tokens: 1 }),
    given('a'),
    given('request-2'),
  ])
  expect(responses.map(({ custom_id: id, error }) => [id, error?.message])).toEqual([
    ['a', undefined],
    ['request-2-2', undefined],
    ['a', 'Line 3: `custom_id` is "a", as in line 1 already.'],
    ['request-2', undefined],
  ])
})

it('lines may come as they are read, as bytes, and what is not UTF-8 fails by its number', async () => {
  const file = [
    `\ufeff\ufeff${line({ prompt: 'a', max_tokens: 1 })}\r\n\n\ufeff${line({ prompt: 'b', max_tokens: 1 })}\n`,
    Uint8Array.from(line({ prompt: 'é' }), char => char.charCodeAt(0)),
  ]
  const { responses, summary } = await runJob(engine, readLines(new Blob(file).stream()))
  expect(responses.map(({ custom_id: id, error }) => [id, error?.message ?? ''])).toEqual([
    ['request-1', ''],
    ['request-3', ''],
    ['request-4', expect.stringMatching(/^Line 4: this is not UTF-8: byte 30 is 0xE9/)],
  ])
  expect(summary).toMatchObject({ requests: 3, failed: 1 })
})

it('goes on with what an earlier run has not answered, unless the line has changed', async () => {
  const lines = ['a', 'b', 'c'].map(id => line({ custom_id: id, prompt: id, max_tokens: 1 }))
  const keys: string[] = []
  const onResponse = (_: BatchResponse, key: string) => keys.push(key)
  const { responses: first } = await runJob(engine, lines.slice(0, 2), { onResponse, keepResponses: false })
  expect(first).toEqual([])
  const changed = line({ custom_id: 'b', prompt: 'other', max_tokens: 1 })
  const seen: JobProgress[] = []
  const { responses, summary } = await runJob(engine, [lines[2], changed, lines[0]], {
    isAnswered: key => keys.includes(key),
    onProgress: progress => seen.push(progress),
  })
  expect(responses.map(({ custom_id: id }) => id)).toEqual(['c', 'b'])
  expect(summary.requests).toBe(3)
  expect(seen.map(({ done, total }) => [done, total])).toEqual([
    [1, 2],
    [2, 2],
  ])
})

it('a chat says how its template writes, and answers name fields as the lines do', async () => {
  const messages = [{ role: 'user', content: [{ type: 'text', text: 'Hi' }] }]
  const ask = (fields: object) => line({ messages, max_tokens: 1, return_token_ids: true, ...fields })
  const { responses } = await runJob(engine, [
    ask({}),
    ask({ add_generation_prompt: false }),
    ask({ max_tokens: -1 }),
    ask({ logit_bias: { '0x5': 1 } }),
  ])
  const [whole, cut] = bodies(responses).map(
    body => (body.choices[0] as { prompt_token_ids?: number[] }).prompt_token_ids,
  )
  expect(await engine.detokenize(whole ?? [])).toBe(`${await engine.detokenize(cut ?? [])}assistant\n`)
  expect(responses.slice(2).map(({ error }) => error?.message)).toEqual([
    'Line 3: max_tokens is -1, but must be an integer from 1 to 2147483648.',
    'Line 4: a token id of logit_bias is "0x5", a text, but must be an integer from 0 to 300.',
  ])
})

it.each([[[]], [['', ' ']], [['{']]])('a job of %o has nothing to generate', async lines => {
  const { responses, summary } = await runJob(engine, lines)
  const failed = lines.includes('{') ? 1 : 0
  expect(responses).toHaveLength(failed)
  expect(summary).toMatchObject({ requests: failed, failed, decodeTokens: 0, steps: 0, tokensPerStep: 0 })
  expect(summary.tokensPerSecond).toBe(0)
})

it('an abort throws its reason, keeps what was answered, and answers nothing by halves', async () => {
  const abort = new AbortController()
  const answered: BatchResponse[] = []
  const job = runJob(
    engine,
    [
      line({ custom_id: 'bad', prompt: 5 }),
      line({ custom_id: 'slow', prompt: 'a', max_tokens: 120 }),
      line({ custom_id: 'quick', prompt: 'a', max_tokens: 2 }),
    ],
    {
      signal: abort.signal,
      onResponse: response => {
        answered.push(response)
        if (response.custom_id === 'quick') abort.abort(new Error('enough'))
      },
    },
  )
  await expect(job).rejects.toThrow('enough')
  expect(answered.map(({ custom_id: customId }) => customId)).toEqual(['bad', 'quick'])
  expect(bodies(answered)[0].choices[0].finish_reason).toBe('length')
  expect(await engine.stats()).toMatchObject({ running: 0, waiting: 0, usedBlocks: 0 })
})
