import { expect, it } from 'vitest'
import { SHAPES } from '../../../scripts/oracles/model-shapes.mjs'
import { bounds, flops, parameters } from '../../../src/bench/common/work'
import { parseModelConfig } from '../../../src/loader'
import { forEachSeed } from '../../support/for-each-seed'

const config = parseModelConfig(SHAPES['smollm2-135m'], undefined)

it('the weights per token are those of the model’s card', () => {
  const { layers, head } = parameters(config)
  expect([layers / 1e6, head / 1e6]).toEqual([106.16832, 28.311552])
})

it('a decode costs two operations a weight, and four a head element and key', () => {
  expect(flops(config, { tokens: 1, attended: 1000 }, 1)).toEqual({
    matrices: 2 * 134_479_872,
    attention: 4 * 30 * 576 * 1000,
  })
})

it('alone, token n of a sequence attends to n keys; shared, a common run is counted once', () => {
  const { alone, tree, tokenRatio } = bounds([
    [1, 2, 3, 4],
    [9, 9],
    [1, 2, 3, 5, 6],
  ])
  expect(alone).toEqual({ tokens: 11, attended: 10 + 3 + 15 })
  expect(tree).toEqual({ tokens: 8, attended: 10 + 3 + 4 + 5 })
  expect(tokenRatio).toBe(11 / 8)
})

it('the tree counts every prefix once, however prompts fork or repeat', () => {
  forEachSeed(200, random => {
    const sequences = Array.from({ length: random.int(1, 12) }, () =>
      Array.from({ length: random.int(0, 8) }, () => random.int(0, 3)),
    )
    sequences.push([1])
    const prefixes = new Set(sequences.flatMap(tokens => tokens.map((_, at) => tokens.slice(0, at + 1).join())))
    const depths = [...prefixes].map(prefix => prefix.split(',').length)
    const { tree } = bounds(sequences)
    expect(tree).toEqual({ tokens: prefixes.size, attended: depths.reduce((total, depth) => total + depth, 0) })
  })
})
