import { describe, expect, it } from 'vitest'
import type { Chunk, Draw } from '../../src/core/batch'
import { needsLogits, parseResults } from '../../src/sampler/draw-inputs'
import { resultBytes, Sampler } from '../../src/sampler/sampler'
import { kernelBench } from '../support/gpu'
import { random } from '../support/random'
import { type ChunkOptions, chunkOf } from './chunk'

const VOCAB = 100

/** Draws in slabs of `slabLen` rows, all recorded into one step; row i of the logits belongs to draw i. */
async function drawAll(draws: readonly Chunk[], logits: Float32Array, slabLen: number): Promise<Draw[]> {
  const bench = await kernelBench()
  const slab = bench.output(slabLen * VOCAB)
  const results = bench.output(resultBytes(draws) / 4)
  const sampler = new Sampler(bench, VOCAB, { logits: slab, results, lastTokens: bench.output(draws.length) })
  await bench.ready()
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
const KINDS: readonly ChunkOptions[] = [
  {},
  { params: { temperature: 1, seed: 7, logprobs: 2 } },
  { prompt: [3, 4], output: [5, 5], params: { repetitionPenalty: 1.5, logprobs: 0 } },
  { prompt: [1], output: [8, 9], params: { presencePenalty: 3, frequencyPenalty: 1 } },
  { params: { logitBias: new Map([[42, 1000]]), temperature: 0.5 } },
  { params: { temperature: 2, topK: 5, topP: 0.9, minP: 0.05 } },
]

describe('a sampler', () => {
  it('draws the same in slabs of any size', async () => {
    const draws = Array.from({ length: 14 }, (_, slot) => chunkOf({ ...KINDS[slot % KINDS.length], slot }))
    const logits = random(5).floats(draws.length * VOCAB, 6)
    const whole = await drawAll(draws, logits, draws.length)
    for (const slabLen of [1, 3, 13]) expect(await drawAll(draws, logits, slabLen)).toEqual(whole)
    expect(whole[1].topLogprobs).toHaveLength(2)
    expect(whole[0].logprob).toBeUndefined()
    expect([whole[4].tokenId, whole[10].tokenId]).toEqual([42, 42])
  })

  it('applies penalties and bias before the draw', async () => {
    const flat = new Float32Array(4 * VOCAB).fill(1)
    flat[VOCAB * 3 + 20] = 9
    const draws = [
      chunkOf({ output: [0, 1], prompt: [2], params: { repetitionPenalty: 2 } }),
      chunkOf({ output: [0, 1], prompt: [2], params: { presencePenalty: 1 } }),
      chunkOf({ prompt: [0, 1, 2], params: { frequencyPenalty: 1 } }),
      chunkOf({
        params: {
          logitBias: new Map([
            [20, -100],
            [30, 1],
          ]),
        },
      }),
    ].map((chunk, slot) => ({ ...chunk, slot }))
    const drawn = await drawAll(draws, flat, 4)
    expect(drawn.map(draw => draw.tokenId)).toEqual([3, 2, 0, 30])
  })

  it('leaves each drawn token where the next step finds it', async () => {
    const bench = await kernelBench()
    const lastTokens = bench.upload(Uint32Array.of(9, 9, 9))
    const logits = Float32Array.from({ length: 2 * VOCAB }, (_, i) => (i === 31 || i === VOCAB + 62 ? 1 : 0))
    const sampler = new Sampler(bench, VOCAB, { logits: bench.upload(logits), results: bench.output(4), lastTokens })
    await bench.ready()
    const draws = [chunkOf({ slot: 2 }), chunkOf({ slot: 0 })]
    sampler.drawFromLogits(draws, [0, 1], sampler.pushRecords(draws, [0, 1]))
    expect([...(await bench.readU32(lastTokens, 3))]).toEqual([62, 9, 31])
  })
})

describe('a draw needs its row of logits', () => {
  it.each<[string, ChunkOptions['params'], boolean]>([
    ['not when greedy, whatever is truncated', { topK: 5, topP: 0.5, minP: 0.1 }, false],
    ['not at a temperature', { temperature: 0.7 }, false],
    ['when very cold, since quotients grow too large', { temperature: 0.05 }, true],
    ['to truncate it', { temperature: 1, topP: 0.9 }, true],
    ['to report log-probabilities', { logprobs: 0 }, true],
    ['to edit it', { presencePenalty: 1 }, true],
    ['to add a bias', { logitBias: new Map([[3, 1]]) }, true],
  ])('%s', (_, params, expected) => {
    expect(needsLogits(chunkOf({ params }))).toBe(expected)
  })
})
