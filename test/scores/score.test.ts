import { describe, expect, test } from 'vitest'
import { InvalidRequest } from '../../src/index'
import { logprobs, score } from '../../src/score'
import { CandidateTree } from '../../src/scores/candidate-tree'
import { scoreEach } from '../../src/scores/score'
import { simulatedEngine } from '../null-gpu/simulated-engine'
import { expectedScores, promptOf, VOCAB_SIZE } from '../scheduler/simulated-gpu'
import { forEachSeed } from '../support/for-each-seed'

/** What each token of a candidate is after all that comes before it. */
function expected(prefix: readonly number[], candidate: readonly number[]): number[] {
  return candidate.map((token, index) => expectedScores([...prefix, ...candidate.slice(0, index)], [token])[0])
}

/** Tokens of the tree of a prefix and its candidates, but for the last ones, which nothing follows. */
function treeTokens(prefix: readonly number[], candidates: readonly (readonly number[])[]): number {
  const inner = candidates.flatMap(each => each.slice(0, -1).map((_, index) => each.slice(0, index + 1).join()))
  return prefix.length + new Set(inner).size
}

describe('candidates', () => {
  test('are scored whole, and each token of their tree is computed once', async () => {
    const { engine } = await simulatedEngine({})
    const prefix = promptOf(1, 37)
    const candidates = [[5, 6, 7, 8], [5, 6, 9], [3], [5, 6, 7], [4, 4], [5, 1, 2, 2, 2, 2, 2], [3]]
    const scores = await score(engine, prefix, candidates)
    expect(scores.map(({ tokenIds }) => tokenIds)).toEqual(candidates)
    expect(scores.map(each => each.logprobs)).toEqual(candidates.map(each => expected(prefix, each)))
    for (const { logprob, logprobs } of scores) expect(logprob).toBe(logprobs.reduce((sum, each) => sum + each, 0))
    expect((await engine.stats()).prefillTokens).toBe(treeTokens(prefix, candidates))
  })

  test('of many prompts are each what they are alone', async () => {
    const { engine } = await simulatedEngine({ numBlocks: 40 })
    const items: { prefix: number[]; candidates: number[][] }[] = []
    forEachSeed(30, random => {
      const prefix = [...promptOf(random.int(0, 3), random.int(1, 50)), random.int(1, VOCAB_SIZE)]
      const candidates = Array.from({ length: random.int(1, 9) }, () =>
        Array.from({ length: random.int(1, 6) }, () => random.int(1, 4)),
      )
      items.push({ prefix, candidates })
    })
    const scores = await scoreEach(engine, items)
    expect(scores.map(item => item.map(each => each.logprobs))).toEqual(
      items.map(({ prefix, candidates }) => candidates.map(each => expected(prefix, each))),
    )
  })

  test('may be more after one prefix than a row can score', () => {
    const candidates = Array.from({ length: 300 }, (_, token) => [token, 1])
    const tree = new CandidateTree([7, 8], candidates)
    const scored = tree.prompts.flatMap(({ tokens, scored }) => scored.map(place => ({ tokens, ...place })))
    expect(scored.filter(({ position }) => position === 2).map(({ tokenIds }) => tokenIds.length)).toEqual([
      128, 128, 44,
    ])
    expect(
      scored.filter(({ position }) => position === 3).map(({ tokens, tokenIds }) => [tokens[2], tokenIds]),
    ).toEqual(candidates.map(([token, end]) => [token, [end]]))
    for (const [prompt, { scored }] of tree.prompts.entries()) {
      const scores = scored.map(({ position, tokenIds }) => tokenIds.map(id => (position === 2 ? id : 0.5)))
      tree.take(prompt, scores)
    }
    expect(candidates.map((_, index) => tree.logprobsOf(index))).toEqual(candidates.map(([token]) => [token, 0.5]))
  })

  test('that cannot be scored are refused', async () => {
    const { engine } = await simulatedEngine({})
    const refused = (candidates: unknown, prompt: number[] = [1]) => score(engine, prompt, candidates as number[][])
    await expect(refused([])).rejects.toThrow('There are no candidates to score')
    await expect(refused('a')).rejects.toThrow(InvalidRequest)
    await expect(refused([[1], []])).rejects.toThrow('Candidate 1 is empty')
    await expect(refused([[1]], [])).rejects.toThrow('The prompt has no token')
    await expect(refused([[VOCAB_SIZE]])).rejects.toThrow(`a token id of scored[0] is ${VOCAB_SIZE}`)
    await expect(refused([[1, 2]], promptOf(1, 250))).rejects.toThrow('the context holds 200')
  })
})

test('the tokens of a text have the log-probabilities that they have one by one', async () => {
  const { engine } = await simulatedEngine({})
  // as long as the context: nothing is generated behind it
  const text = promptOf(3, 200)
  const { tokenIds, logprobs: found, logprob, perplexity } = await logprobs(engine, text)
  const each = expected(text.slice(0, 1), text.slice(1))
  expect(tokenIds).toEqual(text)
  expect(found).toEqual([Number.NaN, ...each])
  expect(logprob).toBe(each.reduce((sum, value) => sum + value, 0))
  expect(perplexity).toBe(Math.exp(-logprob / 199))
  await expect(logprobs(engine, [1])).rejects.toThrow('The text has 1 tokens')
})
