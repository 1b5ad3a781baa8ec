import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { samplingParams } from '../../src/engine/sampling-params'
import { expectClose } from '../support/compare'
import { type Driven, drivenEngine, type Request } from '../support/engine'
import { contextOf, decodeLogits, oracles } from '../support/oracles'

/** Fewer than the longest prompts have: these are computed in chunks, cut elsewhere in a batch than alone. */
const TOKEN_BUDGET = 48

/** Tokens that are drawn by steps of their own: all 64 of a run took most of this file's time. */
const DRAWN = 9

/** All under Dawn; in Chrome one, which shows that its compiler's arithmetic is that of Dawn's. */
const here = globalThis.location ? oracles.slice(0, 1) : oracles

describe.each(here)('$name', oracle => {
  const { config, seed, runs } = oracle
  const params = (sampling: Parameters<typeof samplingParams>[0]) =>
    samplingParams({ ignoreEos: true, ...sampling }, config.vocab_size as number)
  let driven: Driven

  beforeAll(async () => {
    const options = {
      blocks: 64,
      contextLength: contextOf(oracle),
      tokenBudget: TOKEN_BUDGET,
      study: { sharing: 'off' },
    } as const
    driven = await drivenEngine(config, seed, options)
  })
  afterAll(() => driven?.dispose())

  it('gives the logits of the PyTorch oracle', async () => {
    for (const { prompt, logits } of runs) {
      await driven.run([{ prompt, params: params({ maxTokens: 1, logprobs: 0 }) }])
      expectClose(await driven.logits(), decodeLogits(logits), 1e-8)
    }
  })

  it('gives its greedy tokens: each after those before it, and the last one after another', async () => {
    for (const { prompt, tokens } of runs) {
      const text = [...prompt, ...tokens.slice(0, -DRAWN)]
      const drawn = await driven.drawAfterEach(text, params({ maxTokens: DRAWN }))
      expect(drawn.slice(prompt.length - 1)).toEqual(tokens)
    }
  })

  it('draws the same tokens alone and in a batch', async () => {
    // three draws each: for the third, K and V of one of them begin a block
    const [short, long] = runs.map(({ prompt }) => prompt)
    const prompts = [long.toReversed(), short, long.slice(0, 31), long.slice(5, 60)]
    const requests: Request[] = prompts.map((prompt, index) => ({
      prompt,
      params: params({ maxTokens: 3, temperature: 1, seed: index }),
    }))
    const batched = await driven.run(requests)
    const alone: number[][] = []
    for (const request of requests) alone.push(...(await driven.run([request])))
    expect(batched).toEqual(alone)
  })
})
