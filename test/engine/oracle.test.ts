import { describe, expect, it } from 'vitest'
import { createEngine } from '../../src/index'
import { contextOf, oracles } from '../support/oracles'
import { seededModel } from '../support/seeded-weights'

describe('greedy generation', () => {
  it.each(oracles)('gives the tokens of the PyTorch oracle: $name', async oracle => {
    const { config, seed, runs } = oracle
    const engine = await createEngine(seededModel(config, seed), { contextLength: contextOf(oracle) })
    const prompts = runs.map(({ prompt }) => prompt)
    const results = await engine.generate(prompts, { maxTokens: runs[0].tokens.length, ignoreEos: true }).all()
    expect(results.map(({ tokenIds }) => tokenIds)).toEqual(runs.map(({ tokens }) => tokens))
    engine.dispose()
  })
})
