import { expect, it } from 'vitest'
import { createEngine, type GenerationParams } from '../../src/index'
import { sharedDevice } from '../support/device'
import { TINY, TINY_SEED } from '../support/engine'
import { seededModel } from '../support/seeded-weights'

it('steps that are kept short, and submitted in parts, change no answer', async () => {
  const prompts = [50, 3, 120, 17].map((length, row) => Array.from({ length }, (_, index) => (index * 7 + row) % 250))
  const some = { maxTokens: 12, ignoreEos: true }
  const params: GenerationParams[] = [some, { ...some, temperature: 1, seed: 2 }, { ...some, logprobs: 2 }, some]
  const run = async (frameMs: number) => {
    const device = await sharedDevice()
    const engine = await createEngine(seededModel(TINY, TINY_SEED), { device, blocks: 64, tokenBudget: 64, frameMs })
    const results = await engine.generate(prompts, params).all()
    const { steps, submits } = await engine.stats()
    engine.dispose()
    return { results, steps, submits }
  }
  const long = await run(Number.POSITIVE_INFINITY)
  const short = await run(1)
  expect(short.results).toEqual(long.results)
  expect(long.submits).toBe(long.steps)
  expect(short.steps).toBeGreaterThan(long.steps)
  expect(short.submits).toBeGreaterThan(short.steps)
})
