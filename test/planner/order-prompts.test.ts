import { describe, expect, test } from 'vitest'
import { atOnce } from '../../src/core/work'
import { type Order, orderPrompts } from '../../src/planner/order-prompts'
import { type PlannedPrompt, planJob, type Sharing } from '../../src/planner/plan-job'
import type { Run } from '../../src/planner/run'
import { forEachSeed, pick } from '../support/for-each-seed'
import { freshTokens, promptOf, randomJob } from './random-job'

const ORDERS: readonly Order[] = ['fcfs', 'ratio', 'dual']
const TOGETHER: readonly Order[] = ['ratio', 'dual']
const SHARINGS: readonly Sharing[] = ['off', 'two-level', 'tree']

function plan(prompts: readonly PlannedPrompt[], order: Order, sharing: Sharing = 'tree') {
  return atOnce(planJob(prompts, { sharing, order, tokenBudget: 64, numBlocks: 1000 }))
}

function membersOf(run: Run): number[] {
  return run.preorder().flatMap(({ prompts }) => prompts)
}

/** Output tokens for each prompt token to compute. */
function density(run: Run, prompts: readonly PlannedPrompt[]): number {
  let outputTokens = 0
  let computeTokens = 0
  for (const each of run.preorder()) {
    computeTokens += each.numTokens
    for (const index of each.prompts) {
      outputTokens += prompts[index].outputTokens
      computeTokens += prompts[index].tokens.length - each.end
    }
  }
  return outputTokens / computeTokens
}

/** The most that the part of all output that is done ever differs from the part of all prompt tokens that is. */
function worstMix(prompts: readonly PlannedPrompt[], order: readonly number[]): number {
  const outputs = order.map(index => prompts[index].outputTokens)
  const lengths = order.map(index => prompts[index].tokens.length)
  const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0)
  return Math.max(
    ...order.map((_, done) =>
      Math.abs(sum(outputs.slice(0, done)) / sum(outputs) - sum(lengths.slice(0, done)) / sum(lengths)),
    ),
  )
}

/**
 * Tokens that prompts compute one after another with a cache of tokens that just fits the longest of them, and from
 * which those least recently used go first.
 */
function tokensComputedWithSmallCache(prompts: readonly PlannedPrompt[], order: readonly number[]): number {
  const capacity = Math.max(0, ...prompts.map(({ tokens }) => tokens.length - 1))
  const cache = new Set<string>()
  let computed = 0
  for (const index of order) {
    const { tokens } = prompts[index]
    const keys = Array.from({ length: tokens.length - 1 }, (_, at) => `${tokens.slice(0, at + 1)}`)
    const missed = keys.findIndex(key => !cache.has(key))
    computed += tokens.length - (missed < 0 ? keys.length : missed)
    for (const key of keys) {
      cache.delete(key)
      cache.add(key)
    }
    for (const key of cache) if (cache.size > capacity) cache.delete(key)
  }
  return computed
}

describe('orderPrompts', () => {
  test('orders each prompt once', () => {
    forEachSeed(200, random => {
      const prompts = randomJob(random)
      const { order } = plan(prompts, pick(random, ORDERS), pick(random, SHARINGS))
      expect(order.toSorted((a, b) => a - b)).toEqual([...prompts.keys()])
    })
  })

  test('leaves prompts as they came for first come first served', () => {
    forEachSeed(50, random => {
      const prompts = randomJob(random)
      expect(plan(prompts, 'fcfs').order).toEqual([...prompts.keys()])
    })
  })

  test('keeps the members of every run together', () => {
    forEachSeed(200, random => {
      const { order, root } = plan(randomJob(random, 25), pick(random, TOGETHER), pick(random, SHARINGS))
      for (const run of root.preorder()) {
        const places = membersOf(run).map(index => order.indexOf(index))
        if (places.length > 0) expect(Math.max(...places) - Math.min(...places)).toBe(places.length - 1)
      }
    })
  })

  test('recomputes nothing with a cache of the longest prompt', () => {
    forEachSeed(200, random => {
      const prompts = randomJob(random, 25)
      const { order, computeTokens } = plan(prompts, pick(random, TOGETHER))
      expect(tokensComputedWithSmallCache(prompts, order)).toBe(computeTokens)
    })
  })

  test('takes groups of more output per prompt token first', () => {
    forEachSeed(200, random => {
      const prompts = randomJob(random, 25)
      const { order, root } = plan(prompts, 'ratio', pick(random, SHARINGS))
      for (const { children } of root.preorder()) {
        const inOrder = children.toSorted((a, b) => order.indexOf(membersOf(a)[0]) - order.indexOf(membersOf(b)[0]))
        const densities = inOrder.map(run => density(run, prompts))
        expect(densities).toEqual(densities.toSorted((a, b) => b - a))
      }
    })
  })

  test('takes equal prompts in the order in which they came', () => {
    const prompts = Array.from({ length: 20 }, () => promptOf(freshTokens(20), 5))
    expect(plan(prompts, 'ratio').order).toEqual([...prompts.keys()])
  })

  test('mixes outputs and prompts more evenly from both ends than by ratio', () => {
    forEachSeed(100, random => {
      const prompts = Array.from({ length: random.int(20, 100) }, () =>
        random.int(0, 2) === 0
          ? promptOf(freshTokens(random.int(100, 400)), random.int(1, 5))
          : promptOf(freshTokens(random.int(5, 30)), random.int(50, 200)),
      )
      const [ratio, dual] = TOGETHER.map(order => worstMix(prompts, plan(prompts, order).order))
      expect(dual).toBeLessThan(ratio / 2)
    })
  })

  test('reorders those that wait, those of begun runs first', () => {
    forEachSeed(200, random => {
      const prompts = randomJob(random, 25)
      const kind = pick(random, TOGETHER)
      const { order, root } = plan(prompts, kind)
      const started = order.slice(0, random.int(0, order.length + 1))
      const waiting = order.slice(started.length)
      const better = prompts.map(({ tokens }) => promptOf(tokens, random.int(1, 40)))
      const rest = atOnce(orderPrompts(root, better, kind, waiting))
      expect(rest.toSorted((a, b) => a - b)).toEqual(waiting.toSorted((a, b) => a - b))
      // So the two orders together are one in which members stay together.
      const { computeTokens } = plan(prompts, kind)
      expect(tokensComputedWithSmallCache(prompts, [...started, ...rest])).toBe(computeTokens)
    })
  })

  test('finishes every run that is begun, by what is left of it, before another', () => {
    const [long, short, fresh] = [160, 16, 32].map(freshTokens)
    const of = (prefix: readonly number[], outputTokens: number) =>
      Array.from({ length: 3 }, () => promptOf([...prefix, ...freshTokens(4)], outputTokens))
    // by output per token to compute the fresh one would come first
    const prompts = [...of(fresh, 100), ...of(short, 4), ...of(long, 5)]
    const { root } = plan(prompts, 'fcfs')
    for (const order of TOGETHER) {
      const places = atOnce(orderPrompts(root, prompts, order, [0, 1, 2, 4, 5, 7, 8]))
      expect(places.map(index => Math.floor(index / 3))).toEqual([2, 2, 1, 1, 0, 0, 0])
    }
  })

  test('moves a group ahead whose outputs turn out longer', () => {
    const groups = [freshTokens(16), freshTokens(16)]
    const prompts = [0, 1, 0, 1].map(group => promptOf([...groups[group], ...freshTokens(4)], 10 - group))
    const { order, root } = plan(prompts, 'ratio')
    expect(order).toEqual([0, 2, 1, 3])
    const better = prompts.map(({ tokens }, index) => promptOf(tokens, index % 2 === 0 ? 2 : 9))
    expect(atOnce(orderPrompts(root, better, 'ratio'))).toEqual([1, 3, 0, 2])
    expect(atOnce(orderPrompts(root, better, 'ratio', [1, 2, 3]))).toEqual([2, 1, 3])
    expect(atOnce(orderPrompts(root, better, 'fcfs', [3, 1]))).toEqual([1, 3])
  })
})
