import { expect, it } from 'vitest'
import { Sequence } from '../../src/core/sequence'
import { type GenerationParams, samplingParams } from '../../src/engine/sampling-params'
import { NOTHING } from '../../src/kv/share'
import { drivenEngine, TINY, TINY_SEED } from '../support/engine'
import { random } from '../support/random'

it.each<[string, GenerationParams]>([
  ['from candidates', { temperature: 0.8, seed: 3 }],
  ['from whole rows of logits', { temperature: 0.8, seed: 3, topK: 20, repetitionPenalty: 1.3 }],
])('a chunk that draws at several rows draws at each what a prompt that ends there draws: %s', async (_, given) => {
  const engine = await drivenEngine(TINY, TINY_SEED, { blocks: 64 })
  const { scheduler, runner } = engine
  const { int } = random(8)
  const prompt = Array.from({ length: 40 }, () => int(0, TINY.vocab_size))
  const params = samplingParams({ maxTokens: 1, ignoreEos: true, ...given }, TINY.vocab_size)
  const positions = [5, 17, 18, 40]
  const alone = await engine.run(positions.map(position => ({ prompt: prompt.slice(0, position), params })))
  // as one that has drawn all after the first five and gave way: within its prompt a row is only read
  const sequence = new Sequence(9, prompt.slice(0, positions[0]), params, prompt.length + 1, [])
  sequence.tokens.push(...prompt.slice(positions[0]))
  scheduler.add(sequence, { share: NOTHING })
  const batch = scheduler.next()
  if (!batch) throw new Error('no step')
  const [chunk] = batch.chunks
  const draws = positions.map(position => ({ chunk, token: position - 1, position }))
  const drawn = await runner.run({ ...batch, draws })
  engine.dispose()
  expect(drawn.map(({ tokenId }) => [tokenId])).toEqual(alone)
  expect(new Set(drawn.map(({ tokenId }) => tokenId)).size).toBeGreaterThan(1)
})
