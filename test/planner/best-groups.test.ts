import { expect, test } from 'vitest'
import { type GreedyGroup, greedyGroups } from '../../src/bench/sharing/greedy-groups'
import { BLOCK_LEN } from '../../src/core/block'
import { atOnce } from '../../src/core/work'
import { bestGroups } from '../../src/planner/best-groups'
import { Run, sharedRuns } from '../../src/planner/run'
import { forEachSeed } from '../support/for-each-seed'
import type { Random } from '../support/random'
import { freshTokens, promptOf } from './random-job'

/** Prompts by their whole blocks: `[1, 2]` is 16 tokens 1 and 16 tokens 2. All have one more token of their own. */
type Blocks = readonly (readonly number[])[]

function prompts(blocks: Blocks) {
  return blocks.map(ids => promptOf([...ids.flatMap(id => new Array(BLOCK_LEN).fill(id)), ...freshTokens(1)]))
}

function savedBlocks(root: Run): number {
  const saved = root.preorder().map(run => run.prompts.length * run.end - run.numTokens)
  return saved.reduce((sum, tokens) => sum + tokens, 0) / BLOCK_LEN
}

function bestSaving(blocks: Blocks): number {
  return savedBlocks(bestGroups(atOnce(sharedRuns(prompts(blocks))).root))
}

function greedySaving(blocks: Blocks): number {
  return greedyGroups(blocks).reduce((sum, { prefixLen, members }) => sum + prefixLen * (members.length - 1), 0)
}

/** Tries every way to give each prompt one of its prefixes, each of which is computed once. */
function bruteForceSaving(blocks: Blocks): number {
  const tryFrom = (index: number, used: ReadonlySet<string>): number => {
    if (index === blocks.length) return 0
    const ids = blocks[index]
    const savings = Array.from({ length: ids.length + 1 }, (_, length) => {
      const prefix = `${ids.slice(0, length)}`
      return (used.has(prefix) ? length : 0) + tryFrom(index + 1, new Set([...used, prefix]))
    })
    return Math.max(...savings)
  }
  return tryFrom(0, new Set())
}

function randomBlocks(random: Random, maxPrompts: number, maxLength: number): number[][] {
  return Array.from({ length: random.int(1, maxPrompts) }, () =>
    Array.from({ length: random.int(0, maxLength) }, () => random.int(0, 2)),
  )
}

test('groups save as much as the best found by trying all', () => {
  forEachSeed(400, random => {
    const blocks = randomBlocks(random, 7, 6)
    expect(bestSaving(blocks)).toBe(bruteForceSaving(blocks))
  })
})

test('groups save at least what the greedy merge of BatchLLM saves, and at most what the tree does', () => {
  let better = 0
  forEachSeed(300, random => {
    const blocks = randomBlocks(random, 60, 20)
    const best = bestSaving(blocks)
    const greedy = greedySaving(blocks)
    expect(best).toBeGreaterThanOrEqual(greedy)
    expect(best).toBeLessThanOrEqual(savedBlocks(atOnce(sharedRuns(prompts(blocks))).root))
    if (best > greedy) better++
  })
  expect(better).toBeGreaterThan(0)
})

test('two groups are worth a copy that neither is worth alone', () => {
  const [a, b, c] = [new Array(10).fill(0), new Array(8).fill(1), new Array(8).fill(2)]
  const blocks = [
    [...a, ...b, 3],
    [...a, ...b, 4],
    [...a, ...c, 3],
    [...a, ...c, 4],
  ]
  expect(greedySaving(blocks)).toBe(30)
  expect(bestSaving(blocks)).toBe(36)
  expect(savedBlocks(atOnce(sharedRuns(prompts(blocks))).root)).toBe(46)
})

test('a group that saves nothing more is not made', () => {
  const blocks = [
    [1, 2],
    [1, 2],
    [1, 3],
  ]
  expect(bestSaving(blocks)).toBe(2)
  expect(bestGroups(atOnce(sharedRuns(prompts(blocks))).root).children).toHaveLength(1)
})

test('runs may lie thousands of levels deep', () => {
  const root = new Run(undefined, 0)
  let run = root
  for (let level = 1; level <= 8192; level++) {
    run = new Run(run, level * BLOCK_LEN)
    run.prompts.push(level)
  }
  run.prompts.push(0)
  expect(bestGroups(root).children.length).toBeGreaterThan(1)
})

test('the greedy merge gives every prompt a prefix of it', () => {
  forEachSeed(200, random => {
    const sequences = randomBlocks(random, 30, 12)
    const groups = greedyGroups(sequences)
    const members = groups.flatMap(group => group.members)
    expect(new Set(members).size).toBe(members.length)
    for (const { prefixLen, members } of groups) {
      expect(members.length).toBeGreaterThan(1)
      const prefixes = new Set(members.map(index => `${sequences[index].slice(0, prefixLen)}`))
      expect(prefixes.size).toBe(1)
      for (const index of members) expect(sequences[index].length).toBeGreaterThanOrEqual(prefixLen)
    }
  })
})

test('the greedy merge leaves a fork whose last successor is the end of a prompt', () => {
  const fork = [1, 1, 1]
  expect(greedyGroups([fork, [...fork, 2, 2, 2, 2], [...fork, 2, 2, 2, 2, 3]])).toEqual([
    { prefixLen: 7, members: [1, 2] },
  ])
})

test('the greedy merge counts what has been copied so far, and who is left', () => {
  const x = new Array(8).fill(1)
  const y = [...x, ...new Array(4).fill(2)]
  const z = [...y, ...new Array(5).fill(3)]
  // z leaves y for 5 - 4 tokens saved, then x for 9 - 8; y, of 2 then, does not leave x for 4 - 8.
  expect(
    byPrefix([
      [...z, 4],
      [...z, 5],
      [...y, 6],
      [...y, 7],
      [...x, 8],
      [...x, 9],
    ]),
  ).toEqual([
    { prefixLen: 8, members: [2, 3, 4, 5] },
    { prefixLen: 17, members: [0, 1] },
  ])
})

test('the greedy merge joins a fork with its only successor', () => {
  const b = [1, 1, 2, 2, 2, 2, 2]
  expect(byPrefix([b, b, b, [1, 1, 3], [1, 1, 3]])).toEqual([
    { prefixLen: 3, members: [3, 4] },
    { prefixLen: 7, members: [0, 1, 2] },
  ])
})

/** The greedy groups, shortest prefix first, members in order. */
function byPrefix(sequences: Blocks): GreedyGroup[] {
  const groups = greedyGroups(sequences).toSorted((a, b) => a.prefixLen - b.prefixLen)
  return groups.map(({ prefixLen, members }) => ({ prefixLen, members: members.toSorted((a, b) => a - b) }))
}
