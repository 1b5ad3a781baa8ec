import { describe, expect, it } from 'vitest'
import { createEngine } from '../../src/index'
import { oracles } from '../support/oracles'
import { seededModel } from '../support/seeded-weights'

describe('greedy generation', () => {
  it.each(oracles)('gives the tokens of the PyTorch oracle: $name', async ({ config, seed, contextLength, runs }) => {
    const engine = await createEngine(seededModel(config, seed), { contextLength })
    const prompts = runs.map(({ prompt }) => prompt)
    const results = await engine.generate(prompts, { maxTokens: runs[0].tokens.length, ignoreEos: true }).all()
    expect(results.map(({ tokenIds }) => tokenIds)).toEqual(runs.map(({ tokens }) => tokens))
    engine.dispose()
  })
})
