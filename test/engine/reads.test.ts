import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createEngine, type Engine, type GenerationParams } from '../../src/index'
import { sharedDevice } from '../support/device'
import { contextOf, decodeLogits, oracles } from '../support/oracles'
import { seededModel, seededTensors, seededValues } from '../support/seeded-weights'

const oracle = oracles.find(({ name }) => name === 'qwen3') ?? oracles[0]
const { config, seed, runs } = oracle
const vocabSize = config.vocab_size as number
const hiddenSize = config.hidden_size as number
/** Fewer than the long prompt has. */
const TOKEN_BUDGET = 48

let engine: Engine
beforeAll(async () => {
  const options = { blocks: 128, contextLength: contextOf(oracle) + 16, tokenBudget: TOKEN_BUDGET }
  engine = await createEngine(seededModel(config, seed), { ...options, device: await sharedDevice() })
})
afterAll(() => engine.dispose())

const ONE = { maxTokens: 1, ignoreEos: true } as const
const IDS = [0, 7, 7, vocabSize - 1]

/** [vocab] f64 */
function logSoftmax(logits: Float32Array): number[] {
  const most = logits.reduce((a, b) => Math.max(a, b))
  const total = Math.log(logits.reduce((sum, logit) => sum + Math.exp(logit - most), 0)) + most
  return Array.from(logits, logit => logit - total)
}

function distance(a: readonly number[], b: readonly number[]): number {
  expect(a.length).toBe(b.length)
  return Math.max(...a.map((value, index) => Math.abs(value - b[index])))
}

async function scoresOf(prompt: readonly number[], scored: GenerationParams['scored']) {
  const [{ scores }] = await engine.generate([[...prompt]], { ...ONE, scored }).all()
  return scores ?? []
}

describe('scores', () => {
  it('are those of the PyTorch oracle, after the last token of a prompt and within it', async () => {
    for (const { prompt, logits, tokens } of runs) {
      const expected = logSoftmax(decodeLogits(logits))
      const place = { position: prompt.length, tokenIds: IDS }
      const scores = [...(await scoresOf(prompt, [place])), ...(await scoresOf([...prompt, ...tokens], [place]))]
      for (const each of scores)
        expect(
          distance(
            each,
            IDS.map(id => expected[id]),
          ),
        ).toBeLessThan(1e-4)
    }
  })

  it('are the same alone and in a batch that shares prefixes, and change no token', async () => {
    const long = [...runs[1].prompt, ...runs[1].tokens]
    const requests = Array.from({ length: 24 }, (_, index) => {
      const prompt = long.slice(0, 20 + 7 * (index % 8))
      const position = 1 + ((index * 5) % prompt.length)
      const scored = [
        { position, tokenIds: [index, 3] },
        { position: prompt.length, tokenIds: Array.from({ length: 1 + 5 * index }, (_, id) => id) },
      ].slice(position === prompt.length ? 1 : 0)
      const params: GenerationParams[] = [{ scored }, { promptLogprobs: 2 }, { logprobs: 3, scored }, {}]
      return { prompt, params: { maxTokens: 4, ignoreEos: true, ...params[index % 4] } }
    })
    const batch = await engine
      .generate(
        requests.map(({ prompt }) => prompt),
        requests.map(({ params }) => params),
      )
      .all()
    for (const [index, { prompt, params }] of requests.entries()) {
      const [alone] = await engine.generate([prompt], params).all()
      const parts = ({ tokenIds, scores, logprobs, promptLogprobs }: typeof alone) => ({
        tokenIds,
        scores,
        logprobs,
        promptLogprobs,
      })
      expect(parts(batch[index])).toEqual(parts(alone))
      const [plain] = await engine.generate([prompt], { maxTokens: 4, ignoreEos: true }).all()
      expect(alone.tokenIds).toEqual(plain.tokenIds)
    }
  })
})

it('the log-probabilities of a prompt are those of its tokens, one by one, and of the most likely', async () => {
  const { prompt } = runs[1]
  const [{ promptLogprobs = [], promptTokenIds }] = await engine.generate([prompt], { ...ONE, promptLogprobs: 2 }).all()
  expect(promptLogprobs[0]).toBeUndefined()
  expect(promptLogprobs.slice(1).map(each => each?.tokenId)).toEqual(promptTokenIds.slice(1))
  const places = prompt.slice(1).map((tokenId, index) => ({ position: index + 1, tokenIds: [tokenId] }))
  const scores = await scoresOf(prompt, places)
  expect(promptLogprobs.slice(1).map(each => each?.logprob)).toEqual(scores.flat())
  for (const each of promptLogprobs.slice(1)) {
    const [first, second] = each?.topLogprobs ?? []
    expect(first.logprob).toBeGreaterThanOrEqual(second.logprob)
    expect(first.logprob).toBeGreaterThanOrEqual(each?.logprob ?? 0)
    if (first.tokenId === each?.tokenId) expect(first.logprob).toBe(each.logprob)
  }
})

describe('an embedding', () => {
  it('is the vector of which the PyTorch oracle makes its logits', async () => {
    const head = embeddingMatrix()
    for (const { prompt, logits } of runs) {
      const [{ embedding, tokenIds }] = await engine.generate([prompt], { embedding: 'last' }).all()
      expect(tokenIds).toEqual([])
      const expected = leastSquares(head, decodeLogits(logits))
      expect(cosine(embedding ?? [], expected)).toBeGreaterThan(1 - 1e-9)
    }
  })

  it('is the same alone and in any batch, and the mean is that of all tokens', async () => {
    const { prompt } = runs[1]
    const prefixes = prompt.map((_, index) => prompt.slice(0, index + 1))
    const last = await engine.generate(prefixes, { embedding: 'last' }).all()
    const mixed = await engine
      .generate(
        [...prefixes, prefixes[51], prefixes[20]],
        [...prefixes.map((): GenerationParams => ({ maxTokens: 2 })), { embedding: 'mean' }, { embedding: 'last' }],
      )
      .all()
    expect(mixed[53].embedding).toEqual(last[20].embedding)
    const sum = new Float64Array(hiddenSize)
    for (const { embedding = [] } of last) for (const [index, value] of embedding.entries()) sum[index] += value / 52
    expect(distance([...(mixed[52].embedding ?? [])], [...sum])).toBeLessThan(1e-5)
  })
})

/** [vocab][hidden] */
function embeddingMatrix(): number[][] {
  const tensor = seededTensors(config).find(({ name }) => name.endsWith('embed_tokens.weight'))
  if (!tensor) throw new Error('The model has no embeddings.')
  const values = new Float32Array(vocabSize * hiddenSize)
  seededValues(seed, tensor, 0, values)
  return Array.from({ length: vocabSize }, (_, row) => [...values.slice(row * hiddenSize, (row + 1) * hiddenSize)])
}

/** x of head · x ≈ logits, by the normal equations in f64. */
function leastSquares(head: readonly number[][], logits: Float32Array): number[] {
  const rows = Array.from({ length: hiddenSize }, (_, i) => [
    ...Array.from({ length: hiddenSize }, (_, j) => head.reduce((sum, row) => sum + row[i] * row[j], 0)),
    head.reduce((sum, row, token) => sum + row[i] * logits[token], 0),
  ])
  for (let i = 0; i < hiddenSize; i++) {
    const pivot = rows
      .slice(i)
      .reduce((best, row, at) => (Math.abs(row[i]) > Math.abs(rows[best][i]) ? i + at : best), i)
    ;[rows[i], rows[pivot]] = [rows[pivot], rows[i]]
    for (let k = 0; k < hiddenSize; k++) {
      if (k === i) continue
      const factor = rows[k][i] / rows[i][i]
      for (let j = i; j <= hiddenSize; j++) rows[k][j] -= factor * rows[i][j]
    }
  }
  return rows.map((row, i) => row[hiddenSize] / row[i])
}

function cosine(a: ArrayLike<number>, b: ArrayLike<number>): number {
  const dot = (x: ArrayLike<number>, y: ArrayLike<number>) =>
    Array.from(x).reduce((sum, value, i) => sum + value * y[i], 0)
  return dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b))
}
