import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { samplingParams } from '../../src/engine/sampling-params'
import { createEngine } from '../../src/index'
import { sharedDevice } from '../support/device'
import { type Driven, drivenEngine, type Request, TINY, TINY_SEED } from '../support/engine'
import { random } from '../support/random'
import { seededModel } from '../support/seeded-weights'

const { int } = random(3)
/** Prompts of 1 to 70 tokens; every other request samples, with a seed of its own, and some have penalties. */
const requests: Request[] = Array.from({ length: 32 }, (_, index) => ({
  prompt: Array.from({ length: index === 0 ? 1 : int(1, 70) }, () => int(0, TINY.vocab_size)),
  params: samplingParams(
    {
      maxTokens: int(6, 24),
      ignoreEos: true,
      seed: index,
      ...(index % 2 === 0 ? {} : { temperature: 0.9, topK: 40, topP: 0.95 }),
      ...(index % 5 === 0 ? { repetitionPenalty: 1.3, frequencyPenalty: 0.2 } : {}),
    },
    TINY.vocab_size,
  ),
}))

describe('the tokens of a prompt are the same, greedy and sampled,', () => {
  let driven: Driven
  let alone: number[][]

  beforeAll(async () => {
    driven = await drivenEngine(TINY, TINY_SEED, { blocks: 256 })
    alone = []
    for (const request of requests) alone.push(...(await driven.run([request])))
  })
  afterAll(() => driven.dispose())

  it('alone and in a batch of 32', async () => {
    expect(await driven.run(requests)).toEqual(alone)
  })

  // steps of one token take the prompts in turn: the last of them brings nothing that the first do not
  it.each([
    [1, 8],
    [7, 32],
    [16, 32],
    [64, 32],
  ])('with steps of at most %i tokens', async (tokenBudget, count) => {
    const other = await drivenEngine(TINY, TINY_SEED, { blocks: 256, tokenBudget })
    expect(await other.run(requests.slice(0, count))).toEqual(alone.slice(0, count))
    other.dispose()
  })

  it.each([{ weights: 'f16' }, { weights: 'q8' }, { weights: 'q4' }, { weights: 'q4', activations: 'int8' }] as const)(
    'alone and in a batch with %o',
    async formats => {
      // 64 columns hold groups, the 48 of the attention's output do not
      const config = { ...TINY, hidden_size: 64 }
      const quantised = await drivenEngine(config, TINY_SEED, { blocks: 256, ...formats })
      const some = requests.slice(0, 6)
      const each: number[][] = []
      for (const request of some) each.push(...(await quantised.run([request])))
      expect(await quantised.run(some)).toEqual(each)
      quantised.dispose()
    },
  )

  it('with the pool at its smallest', async () => {
    // one after another, as it is: half of them will do
    const some = requests.slice(0, 16)
    const largest = Math.max(...some.map(({ prompt, params }) => prompt.length + params.maxTokens))
    const blocks = Math.ceil((largest - 1) / 16)
    const other = await drivenEngine(TINY, TINY_SEED, { blocks, contextLength: largest })
    expect(await other.run(some)).toEqual(alone.slice(0, some.length))
    expect(other.scheduler.peakBlocks).toEqual([blocks])
    other.dispose()
  })

  it('after a preemption at any step', async () => {
    const few = requests.slice(0, 4)
    const steps = Math.max(...few.map(({ params }) => params.maxTokens))
    for (let k = 0; k < steps - 1; k++) {
      const before = driven.scheduler.stats.preemptions
      const tokens = await driven.run(few, (step, scheduler) => {
        if (step === k) scheduler.preemptLast()
      })
      expect(tokens, `preempted after step ${k}`).toEqual(alone.slice(0, 4))
      expect(driven.scheduler.stats.preemptions).toBeGreaterThan(before)
    }
  })

  it.each([1, 2, 4])('with %i steps in flight', async stepsInFlight => {
    const device = await sharedDevice()
    const engine = await createEngine(seededModel(TINY, TINY_SEED), { device, blocks: 256, study: { stepsInFlight } })
    const prompts = requests.map(({ prompt }) => prompt)
    const params = requests.map(({ params }) => params)
    const results = await engine.generate(prompts, params).all()
    expect(results.map(({ tokenIds }) => tokenIds)).toEqual(alone)
    engine.dispose()
  })
})
