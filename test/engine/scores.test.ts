import { readFileSync } from 'node:fs'
import OpenAI from 'openai'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { embed } from '../../src/embed'
import { createEngine, type Engine, folderSource, type ModelSource } from '../../src/index'
import { openai } from '../../src/openai'
import { calibrate, classify, logprobs, rank, score } from '../../src/score'
import { sharedDevice } from '../support/device'
import { oracles } from '../support/oracles'
import { seededModel } from '../support/seeded-weights'

const LABELS = ['billing', 'shipping', 'technical', 'account', 'refund']

/** Tickets that the embedded model has not seen, with their categories, and the examples that each is asked with. */
const EXPECTED = JSON.parse(readFileSync('scripts/sprout/heldout-expected.json', 'utf8'))
const TICKETS = readFileSync('scripts/sprout/heldout.jsonl', 'utf8')
  .split('\n')
  .filter(line => line.includes('"category-chat-'))
  .map(line => {
    const { custom_id: id, body } = JSON.parse(line)
    return {
      text: body.messages[1].content as string,
      label: EXPECTED[id] as string,
      system: body.messages[0].content as string,
    }
  })
const [{ system }] = TICKETS

let engine: Engine
beforeAll(async () => {
  const source = folderSource('public/models/sprout')
  engine = await createEngine(source, { device: await sharedDevice(), blocks: 512, contextLength: 1024 })
})
afterAll(() => engine.dispose())

describe('score', () => {
  it('is what the tokens have in the whole text, for texts and for chats', async () => {
    const chat = [{ role: 'user', content: 'Is it late?' }]
    const candidates = ['yes', 'no', 'yes, very', 'nobody knows']
    for (const prompt of ['The parcel is ', chat]) {
      const before = await engine.tokenize(prompt)
      const text = await engine.detokenize(before, { skipSpecialTokens: false })
      for (const [index, { tokenIds, logprobs: each, logprob }] of (
        await score(engine, prompt, candidates)
      ).entries()) {
        // special tokens are read in texts too
        const whole = await logprobs(engine, text + candidates[index])
        expect(whole.tokenIds.slice(-tokenIds.length)).toEqual(tokenIds)
        expect(each).toEqual(whole.logprobs.slice(-tokenIds.length))
        expect(logprob).toBe(each.reduce((sum, value) => sum + value, 0))
      }
    }
  })
})

describe('classify', () => {
  const options = { instruction: system, labels: LABELS }
  const texts = TICKETS.slice(0, 6).map(({ text }) => text)

  it('is the softmax of the labels, whole and in the chat that it writes', async () => {
    const results = await classify(engine, texts, options)
    for (const [index, { label, probabilities, margin, logprobs: found }] of results.entries()) {
      const messages = [
        { role: 'system', content: `${system}\nAnswer with one of: ${LABELS.join(', ')}.` },
        { role: 'user', content: texts[index] },
      ]
      const alone = await score(engine, messages, LABELS)
      expect(found).toEqual(alone.map(({ logprob }) => logprob))
      const weights = found.map(Math.exp)
      const total = weights.reduce((sum, weight) => sum + weight, 0)
      for (const [at, probability] of probabilities.entries()) expect(probability).toBeCloseTo(weights[at] / total, 12)
      const [first, second] = probabilities.toSorted((a, b) => b - a)
      expect([label, margin]).toEqual([LABELS[probabilities.indexOf(first)], first - second])
    }
  })

  it('tells most of the tickets that the model was trained to tell', async () => {
    const results = await classify(engine, texts, options)
    expect(results.filter(({ label }, index) => label === TICKETS[index].label).length).toBeGreaterThanOrEqual(5)
  })

  it('ends labels of which one is the beginning of another', async () => {
    const [{ logprobs: plain }] = await classify(engine, texts, { ...options, labels: ['refund', 'account'] })
    const [{ logprobs: ended }] = await classify(engine, texts, { ...options, labels: ['refund', 'refund please'] })
    expect(ended[0]).toBeLessThan(plain[0])
    const prompt = [{ role: 'user', content: texts[0] }]
    const [end] = engine.config.eosTokenIds
    const [open, closed] = [await engine.tokenize('refund'), [...(await engine.tokenize('refund')), end]]
    const [first, second] = await score(engine, prompt, [open, closed])
    expect(second.logprobs.slice(0, -1)).toEqual(first.logprobs)
  })

  it('is calibrated by texts whose labels are known', async () => {
    const heldOut = TICKETS.slice(12, 22)
    const calibration = await calibrate(engine, heldOut, { ...options, contentFree: ['N/A', ''] })
    expect(calibration.bias).toHaveLength(5)
    const loss = async (given: typeof calibration) => {
      const results = await classify(
        engine,
        heldOut.map(({ text }) => text),
        { ...options, calibration: given },
      )
      return results.reduce(
        (sum, { probabilities }, row) => sum - Math.log(probabilities[LABELS.indexOf(heldOut[row].label)]),
        0,
      )
    }
    const best = await loss(calibration)
    for (const factor of [0.8, 1.25]) {
      const temperature = factor * (calibration.temperature ?? 1)
      expect(await loss({ ...calibration, temperature })).toBeGreaterThanOrEqual(best)
    }
  })

  it('refuses labels that cannot be told apart, and what is not there', async () => {
    const refused = (given: object, items: unknown = ['a']) =>
      classify(engine, items as string[], { ...options, ...given })
    await expect(refused({ labels: [] })).rejects.toThrow('labels are 0 texts, but must be an array of at least two.')
    await expect(refused({ labels: ['a', ' '] })).rejects.toThrow(
      'labels[1] is " ", but must be a text that is not empty.',
    )
    await expect(refused({ labels: ['a', 'b', 'a'] })).rejects.toThrow('labels[2] is "a", which is a label already.')
    await expect(refused({ examples: [{ text: 'a', label: 'b' }] })).rejects.toThrow('An example has the label "b"')
    await expect(refused({ instruction: undefined })).rejects.toThrow('instruction is undefined')
    await expect(refused({}, 'a')).rejects.toThrow('The items are "a", a text, but must be an array of texts.')
    await expect(refused({}, ['a', 3])).rejects.toThrow('Item 1 is 3, but must be a text.')
    await expect(calibrate(engine, [], options)).rejects.toThrow('There are no texts with labels')
    expect(await classify(engine, [], options)).toEqual([])
  })
})

it('rank orders documents by yes against no, each as alone', async () => {
  const documents = ['The parcel is late.', 'Bananas are yellow.', 'The parcel is late.', 'An invoice']
  const ranked = await rank(engine, 'Where is my parcel?', documents)
  expect(ranked.map(({ index }) => index).toSorted()).toEqual([0, 1, 2, 3])
  expect(ranked.map(({ score }) => score)).toEqual(ranked.map(({ score }) => score).toSorted((a, b) => b - a))
  for (const { index, score } of ranked) {
    const [alone] = await rank(engine, 'Where is my parcel?', [documents[index]])
    expect(alone).toEqual({ index: 0, score })
  }
  await expect(rank(engine, 'a', [])).rejects.toThrow('There are no documents to rank')
})

function fromBase64(text: string): number[] {
  return [...new Float32Array(Uint8Array.from(atob(text), char => char.charCodeAt(0)).buffer)]
}

describe('embed', () => {
  const oracle = oracles.find(({ name }) => name === 'qwen3') ?? oracles[0]
  const hiddenSize = oracle.config.hidden_size as number
  const pooling = (mode: string) => ({
    word_embedding_dimension: hiddenSize,
    [`pooling_mode_${mode}`]: true,
    include_prompt: true,
  })
  const modules = [
    { idx: 0, name: '0', path: '', type: 'sentence_transformers.models.Transformer' },
    { idx: 1, name: '1', path: '1_Pooling', type: 'sentence_transformers.models.Pooling' },
    { idx: 2, name: '2', path: '2_Normalize', type: 'sentence_transformers.models.Normalize' },
  ]
  const texts = ['a parcel', 'a parcel is late', 'an invoice', 'a parcel is late']

  /** A seeded model of Qwen3-Embedding's form, with what its repository says. */
  async function embedder(files: Readonly<Record<string, unknown>>): Promise<Engine> {
    const model = seededModel(oracle.config, oracle.seed)
    const source: ModelSource = {
      ...model,
      open: async (file, signal, begin = 0) => {
        if (!(file in files)) return model.open(file, signal, begin)
        return new Blob([JSON.stringify(files[file])]).slice(begin).stream() as ReadableStream<Uint8Array<ArrayBuffer>>
      },
    }
    return createEngine(source, { device: await sharedDevice(), blocks: 64, contextLength: 64 })
  }

  it('pools, prompts and normalises as the repository says', async () => {
    const sentences = { prompts: { query: 'Query: ', document: '' }, default_prompt_name: null }
    const files = {
      'modules.json': modules,
      '1_Pooling/config.json': pooling('lasttoken'),
      'config_sentence_transformers.json': sentences,
    }
    const made = await embedder(files)
    const vectors = await embed(made, texts)
    const raw = await embed(made, texts, { normalize: false })
    expect(vectors[3]).toEqual(vectors[1])
    for (const [index, vector] of vectors.entries()) {
      const length = Math.hypot(...raw[index])
      expect(Math.max(...vector.map((value, at) => Math.abs(value - raw[index][at] / length)))).toBeLessThan(1e-6)
      const [{ embedding }] = await made.generate([texts[index]], { embedding: 'last' }).all()
      expect(raw[index]).toEqual(embedding)
    }
    const [short] = await embed(made, texts, { dimensions: 8 })
    expect([short.length, Math.hypot(...short)]).toEqual([8, expect.closeTo(1, 6)])
    expect(await embed(made, ['a'], { promptName: 'query' })).toEqual(await embed(made, ['Query: a']))
    expect(await embed(made, ['a'], { prompt: 'Query: ' })).toEqual(await embed(made, ['Query: a']))
    const [mean] = await embed(made, texts, { pooling: 'mean', normalize: false })
    const [{ embedding }] = await made.generate([texts[0]], { embedding: 'mean' }).all()
    expect(mean).toEqual(embedding)

    const client = new OpenAI({ fetch: openai(made).fetch, apiKey: '-', maxRetries: 0 })
    const request = { model: made.modelName, input: texts }
    for (const encoding_format of [undefined, 'float', 'base64'] as const) {
      const { data, usage } = await client.embeddings.create({ ...request, encoding_format })
      const found = data.map(({ embedding }) =>
        typeof embedding === 'string' ? fromBase64(embedding) : [...embedding],
      )
      expect(found).toEqual(vectors.map(vector => [...vector]))
      const counts = await Promise.all(texts.map(text => made.tokenize(text)))
      const tokens = counts.reduce((sum, { length }) => sum + length, 0)
      expect(usage).toEqual({ prompt_tokens: tokens, total_tokens: tokens })
    }
    const ids = await made.tokenize(texts[0])
    const { data } = await openai(made).embeddings.create({ input: [ids], dimensions: 8 })
    expect(data[0].embedding).toEqual([...short])
    const refused = (params: object) =>
      client.embeddings.create({ ...request, ...params }).catch(error => [error.status, error.param])
    expect(await refused({ dimensions: 65 })).toEqual([400, 'dimensions'])
    expect(await refused({ input: [] })).toEqual([400, 'input'])
    expect(await refused({ input: null })).toEqual([400, 'input'])
    expect(await refused({ encoding_format: 'int8' })).toEqual([400, 'encoding_format'])
    expect(await refused({ purpose: 'search' })).toEqual([400, 'purpose'])
    expect(await refused({ model: 'other' })).toEqual([404, 'model'])

    await expect(embed(made, ['a', ''])).rejects.toThrow('Text 1 is "", but must be a text that is not empty.')
    await expect(embed(made, ['a'.repeat(500)])).rejects.toThrow('Text 0 cannot be embedded. The prompt has')
    await expect(embed(made, texts, { dimensions: 65 })).rejects.toThrow(
      "dimensions is 65, but must be an integer from 1 to the model's 64.",
    )
    await expect(embed(made, texts, { promptName: 'passage' })).rejects.toThrow('its repository names query, document')
    made.dispose()
  })
})
