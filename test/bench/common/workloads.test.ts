import { expect, it } from 'vitest'
import { capacity } from '../../../src/bench/common/capacity'
import { type Shape, shapeOf, WORKLOADS } from '../../../src/bench/common/shapes'
import { bounds } from '../../../src/bench/common/work'
import { type Answers, numTurns, requests } from '../../../src/bench/common/workloads'

const seed = { seed: 3, vocabSize: 4096 }

/** All sequences of a shape, had every token of an answer been the prompt's index. */
function sequences(shape: Shape): number[][] {
  const answers: number[][][] = []
  return Array.from({ length: numTurns(shape) }, () => {
    const turn = requests(shape, seed, answers)
    answers.push(turn.map(({ maxTokens }, index) => Array(maxTokens).fill(index)))
    return turn.map(({ tokens }, index) => [...tokens, ...answers[answers.length - 1][index]])
  }).flat()
}

function tokenBounds(shape: Shape): [number, number] {
  const { alone, tree } = bounds(sequences(shape))
  return [alone.tokens, tree.tokens]
}

it('a group of BatchLLM has 36,800 tokens, of which 6,800 differ', () => {
  expect(tokenBounds(shapeOf('batchllm', { scale: 1, groups: 1 }))).toEqual([36_800, 6_800])
  expect(tokenBounds(shapeOf('batchllm', { scale: 1, groups: 3 }))).toEqual([3 * 36_800, 3 * 6_800])
})

it('a group of the industry task has three prompts of 1,600 tokens, nearly all shared', () => {
  expect(tokenBounds(shapeOf('industry', { scale: 1, groups: 1 }))).toEqual([3 * 1630, 1570 + 3 * 60])
})

it('one prefix and many completions share the prefix', () => {
  const shape = shapeOf('hydragen', { scale: 1, prefix: 1024, batch: 8 })
  expect(tokenBounds(shape)).toEqual([8 * (1024 + 16 + 128), 1024 + 8 * (16 + 128)])
})

it('a tree shares on every level', () => {
  const own = 2 * 600 + 6 * 800 + 24 * 100
  expect(tokenBounds(shapeOf('tree', { scale: 1 }))).toEqual([24 * 1900, 400 + own])
})

it('a chat computes each user’s last conversation, and the system prompt once', () => {
  const shape = shapeOf('chat', { scale: 1, batch: 5 })
  const turn = 80 + 100
  expect(tokenBounds(shape)).toEqual([5 * (4 * 800 + (1 + 2 + 3 + 4) * turn), 800 + 5 * 4 * turn])
})

it('a workload without sharing has nothing to share', () => {
  expect(bounds(sequences(shapeOf('none', { scale: 0.25 }))).tokenRatio).toBe(1)
})

it.each(WORKLOADS)('%s: a quarter of the scale is at most a quarter of the tokens', name => {
  const [full, small] = [1, 0.25].map(scale => bounds(sequences(shapeOf(name, { scale }))))
  expect(small.alone.tokens).toBeLessThanOrEqual((full.alone.tokens / 4) * 1.01)
})

it.each(['batchllm', 'industry', 'tree'] as const)('%s: a scale leaves the part that is shared as it is', name => {
  const [full, small] = [1, 0.25].map(scale => bounds(sequences(shapeOf(name, { scale }))))
  expect(small.tokenRatio / full.tokenRatio).toBeCloseTo(1, 1)
})

it.each(WORKLOADS)('%s: the same seed gives the same prompts, another one none that share a block', name => {
  const shape = shapeOf(name, { scale: 0.1 })
  expect(requests(shape, seed)).toEqual(requests(shape, { ...seed }))
  const firstBlocks = (value: number) =>
    new Set(requests(shape, { ...seed, seed: value }).map(({ tokens }) => tokens.slice(0, 16).join()))
  const others = Array.from({ length: 20 }, (_, value) => [...firstBlocks(value + 4)]).flat()
  for (const block of firstBlocks(3)) expect(others).not.toContain(block)
  expect(new Set(others).size).toBe(others.length)
})

it.each(WORKLOADS)(
  '%s: every token is in the vocabulary, every sequence in the context, and the blocks hold a turn',
  name => {
    const shape = shapeOf(name, { scale: 0.25 })
    const { contextLength, blocks } = capacity(shape)
    const all = sequences(shape)
    expect(all.flat().every(token => Number.isInteger(token) && token >= 0 && token < 4096)).toBe(true)
    expect(contextLength).toBeGreaterThan(Math.max(...all.map(({ length }) => length)))
    const lastTurn = all.slice(-all.length / numTurns(shape))
    expect(blocks).toBeGreaterThanOrEqual(lastTurn.reduce((total, { length }) => total + Math.ceil(length / 16), 0))
  },
)

it('a chat’s next prompt begins with its last one and the answer to it', () => {
  const shape = shapeOf('chat', { scale: 0.1, suffix: 9 })
  const first = requests(shape, seed)
  const answers: Answers = [first.map((_, user) => [user, 7, 7])]
  for (const [user, { tokens }] of requests(shape, seed, answers).entries()) {
    const said = [...first[user].tokens, user, 7, 7]
    expect(tokens.slice(0, said.length)).toEqual(said)
    expect(tokens.length).toBe(said.length + 9)
  }
})
