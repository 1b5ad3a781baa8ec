import { describe, expect, it } from 'vitest'
import type { Draw, Drawn } from '../../src/core/batch'
import { needsLogits, parseResults } from '../../src/sampler/draw-inputs'
import { resultBytes, Sampler } from '../../src/sampler/sampler'
import { logSoftmax } from '../kernels/sample-reference'
import { kernelBench } from '../support/gpu'
import { random } from '../support/random'
import { type DrawOptions, drawOf, drawsOf } from './draws'

const VOCAB = 100

/** Draws in slabs of `slabLen` rows, all recorded into one step; row i of the logits belongs to draw i. */
async function drawAll(draws: readonly Draw[], logits: Float32Array, slabLen: number): Promise<Drawn[]> {
  const bench = await kernelBench()
  const slab = bench.output(slabLen * VOCAB)
  const results = bench.output(resultBytes(draws) / 4)
  const sampler = new Sampler(bench, VOCAB, { logits: slab, results, lastTokens: bench.output(draws.length + 1) })
  await bench.ready()
  // as in an engine, whose lists come first: a list of scored tokens is not where the arena starts
  bench.step.push([0])
  for (let first = 0; first < draws.length; first += slabLen) {
    const rows = logits.slice(first * VOCAB, (first + slabLen) * VOCAB)
    bench.step.copy(bench.upload(rows), 0, slab, 0, rows.byteLength)
    const slabRows = Array.from({ length: rows.length / VOCAB }, (_, row) => first + row)
    sampler.drawFromLogits(draws, slabRows, sampler.pushRecords(draws, slabRows))
  }
  const words = await bench.readU32(results, resultBytes(draws) / 4)
  return parseResults(draws, words.slice().buffer)
}

/** A sequence of each kind, with tokens that the penalties will move. */
const KINDS: readonly DrawOptions[] = [
  {},
  { params: { temperature: 1, seed: 7, logprobs: 2 } },
  { prompt: [3, 4], output: [5, 5], params: { repetitionPenalty: 1.5, logprobs: 0 } },
  { prompt: [1], output: [8, 9], params: { presencePenalty: 3, frequencyPenalty: 1 } },
  { params: { logitBias: new Map([[42, 1000]]), temperature: 0.5 } },
  { params: { temperature: 2, topK: 5, topP: 0.9, minP: 0.05 } },
]

describe('a sampler', () => {
  it('draws the same in slabs of any size', async () => {
    const draws = Array.from({ length: 14 }, (_, slot) => drawOf({ ...KINDS[slot % KINDS.length], slot }))
    const logits = random(5).floats(draws.length * VOCAB, 6)
    const whole = await drawAll(draws, logits, draws.length)
    for (const slabLen of [1, 3, 13]) expect(await drawAll(draws, logits, slabLen)).toEqual(whole)
    expect(whole[1].topLogprobs).toHaveLength(2)
    expect(whole[0].logprob).toBeUndefined()
    expect([whole[4].tokenId, whole[10].tokenId]).toEqual([42, 42])
  })

  it('scores tokens, as many as each row asks for, whatever else is drawn or reported', async () => {
    const logits = random(6).floats(KINDS.length * VOCAB, 6)
    logits[2] = Number.NEGATIVE_INFINITY
    const scored = KINDS.map((_, row) => Array.from({ length: row * 20 }, (_, index) => (index * 7 + row) % VOCAB))
    scored[0] = [2, 5, 5]
    const draws = KINDS.map((kind, slot): Draw => ({ ...drawOf({ ...kind, slot }), scored: scored[slot] }))
    for (const slabLen of [1, 4]) {
      const drawn = await drawAll(draws, logits, slabLen)
      drawn.forEach(({ scores = [] }, row) => {
        // those of rows whose logits are edited are held against themselves elsewhere
        if (row === 2 || row === 3 || row === 4) return
        const expected = logSoftmax(logits.slice(row * VOCAB, (row + 1) * VOCAB))
        const errors = scored[row].map((id, index) =>
          scores[index] === expected[id] ? 0 : scores[index] - expected[id],
        )
        expect(scores).toHaveLength(scored[row].length)
        expect(Math.max(...errors.map(Math.abs))).toBeLessThan(1e-5)
      })
      const plain = await drawAll(
        KINDS.map((kind, slot) => drawOf({ ...kind, slot })),
        logits,
        slabLen,
      )
      expect(drawn.map(({ scores, ...others }) => others)).toEqual(plain)
    }
  })

  it('applies penalties and bias before the draw', async () => {
    const flat = new Float32Array(4 * VOCAB).fill(1)
    flat[VOCAB * 3 + 20] = 9
    const bias = new Map([
      [20, -100],
      [30, 1],
    ])
    const draws = [
      drawOf({ output: [0, 1], prompt: [2], params: { repetitionPenalty: 2 }, slot: 0 }),
      drawOf({ output: [0, 1], prompt: [2], params: { presencePenalty: 1 }, slot: 1 }),
      drawOf({ prompt: [0, 1, 2], params: { frequencyPenalty: 1 }, slot: 2 }),
      drawOf({ params: { logitBias: bias }, slot: 3 }),
    ]
    const drawn = await drawAll(draws, flat, 4)
    expect(drawn.map(draw => draw.tokenId)).toEqual([3, 2, 0, 30])
  })

  it('leaves each drawn token where the next step finds it', async () => {
    const bench = await kernelBench()
    const lastTokens = bench.upload(Uint32Array.of(9, 9, 9, 9))
    const logits = Float32Array.from({ length: 2 * VOCAB }, (_, i) => (i === 31 || i === VOCAB + 62 ? 1 : 0))
    const sampler = new Sampler(bench, VOCAB, { logits: bench.upload(logits), results: bench.output(4), lastTokens })
    await bench.ready()
    const draws = [drawOf({ slot: 2 }), drawOf({ slot: 0 })]
    sampler.drawFromLogits(draws, [0, 1], sampler.pushRecords(draws, [0, 1]))
    expect([...(await bench.readU32(lastTokens, 4))]).toEqual([62, 9, 31, 9])
  })
})

describe('several draws of a chunk', () => {
  it('are each what it is alone, and the next step finds the last of them', async () => {
    const bench = await kernelBench()
    const params = { frequencyPenalty: 1, logprobs: 1 }
    const draws = drawsOf({ prompt: [1, 2], output: [3, 3], params, slot: 1, numDraws: 3 })
    // token 3 stands 0, 1 and 2 times in what the rows have before them
    const rows = new Float32Array(draws.length * VOCAB)
    for (const row of draws.keys()) rows.set([2, 0.5], row * VOCAB + 3)
    const lastTokens = bench.upload(Uint32Array.of(9, 9, 9))
    const results = bench.output(resultBytes(draws) / 4)
    const sampler = new Sampler(bench, VOCAB, { logits: bench.upload(rows), results, lastTokens })
    await bench.ready()
    const all = [...draws.keys()]
    sampler.drawFromLogits(draws, all, sampler.pushRecords(draws, all))
    const drawn = parseResults(draws, (await bench.readU32(results, resultBytes(draws) / 4)).slice().buffer)
    for (const row of all) {
      expect(await drawAll([draws[row]], rows.slice(row * VOCAB, (row + 1) * VOCAB), 1)).toEqual([drawn[row]])
    }
    expect(drawn.map(({ tokenId }) => tokenId)).toEqual([3, 3, 4])
    expect([...(await bench.readU32(lastTokens, 2))]).toEqual([9, 4])
  })
})

describe('a draw needs its row of logits', () => {
  it.each<[string, DrawOptions['params'], boolean]>([
    ['not when greedy, whatever is truncated', { topK: 5, topP: 0.5, minP: 0.1 }, false],
    ['not at a temperature', { temperature: 0.7 }, false],
    ['when very cold, since quotients grow too large', { temperature: 0.05 }, true],
    ['to truncate it', { temperature: 1, topP: 0.9 }, true],
    ['to report log-probabilities', { logprobs: 0 }, true],
    ['to edit it', { presencePenalty: 1 }, true],
    ['to add a bias', { logitBias: new Map([[3, 1]]) }, true],
  ])('%s', (_, params, expected) => {
    expect(needsLogits(drawOf({ params }))).toBe(expected)
  })
})
