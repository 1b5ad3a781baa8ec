import { describe, expect, test } from 'vitest'
import { atOnce } from '../../src/core/work'
import { NOTHING } from '../../src/kv/share'
import { type PlannedJob, type PlannedPrompt, planJob, type Sharing } from '../../src/planner/plan-job'
import { forEachSeed, pick } from '../support/for-each-seed'
import { freshTokens, promptOf, randomJob } from './random-job'

const LIMITS = { tokenBudget: 64, numBlocks: 1000 }
const SHARINGS: readonly Sharing[] = ['off', 'cache', 'two-level', 'tree']

function plan(prompts: readonly PlannedPrompt[], sharing: Sharing = 'tree'): PlannedJob {
  return atOnce(planJob(prompts, { ...LIMITS, sharing, order: 'ratio' }))
}

/** The prompt tokens computed by an engine that lets each prompt take its share from those before it in its group. */
function tokensComputed(prompts: readonly PlannedPrompt[], { order, shares }: PlannedJob): number {
  const left = new Set<string>()
  const scopes = [...new Set(shares.map(({ scope }) => scope))]
  let computed = 0
  for (const index of order) {
    const { tokens } = prompts[index]
    const { scope, numTokens } = shares[index]
    const keys = Array.from({ length: numTokens }, (_, at) => `${scopes.indexOf(scope)}: ${tokens.slice(0, at + 1)}`)
    const taken = keys.filter(key => left.has(key))
    expect(taken).toEqual(keys.slice(0, taken.length))
    computed += tokens.length - taken.length
    for (const key of keys) left.add(key)
  }
  return computed
}

/** Tokens that sequences have together, if one that follows the same tokens counts once. */
function treeSize(sequences: readonly (readonly number[])[]): number {
  return new Set(sequences.flatMap(tokens => tokens.map((_, at) => `${tokens.slice(0, at + 1)}`))).size
}

describe('planJob', () => {
  test('predicts exactly the prompt tokens that an engine computes', () => {
    forEachSeed(300, random => {
      const prompts = randomJob(random)
      const sharing = pick(random, SHARINGS)
      const job = plan(prompts, sharing)
      expect(job.computeTokens).toBe(tokensComputed(prompts, job))
      expect(job.promptTokens).toBe(prompts.reduce((sum, { tokens }) => sum + tokens.length, 0))
      expect(job.savedTokens).toBe(job.promptTokens - job.computeTokens)
    })
  })

  test('computes the prefix tree once, but for last tokens that logits need', () => {
    forEachSeed(300, random => {
      const prompts = randomJob(random)
      const job = plan(prompts, pick(random, SHARINGS))
      const sequences = prompts.map(({ tokens }) => tokens)
      const withoutLast = sequences.map(tokens => tokens.slice(0, -1))
      expect(job.treeTokens).toBe(treeSize(sequences))
      expect(job.forcedTokens).toBe(treeSize(withoutLast) + prompts.length - treeSize(sequences))
      expect(plan(prompts).computeTokens).toBe(job.treeTokens + job.forcedTokens)
    })
  })

  test('shares more in a tree than in groups, and more in groups than not at all', () => {
    forEachSeed(300, random => {
      const prompts = randomJob(random)
      const [off, cache, groups, tree] = SHARINGS.map(sharing => plan(prompts, sharing).savedTokens)
      expect(off).toBe(0)
      expect(groups).toBeGreaterThanOrEqual(0)
      expect(tree).toBeGreaterThanOrEqual(groups)
      expect(cache).toBe(tree)
    })
  })

  test('saves more with every prompt that a group gains', () => {
    forEachSeed(100, random => {
      const prompts = randomJob(random)
      if (prompts.length === 0) return
      const more = [...prompts, promptOf([...pick(random, prompts).tokens, ...freshTokens(5)])]
      for (const sharing of SHARINGS) {
        expect(plan(more, sharing).savedTokens).toBeGreaterThanOrEqual(plan(prompts, sharing).savedTokens)
      }
    })
  })

  test('gives shares that leave the last token to compute', () => {
    forEachSeed(200, random => {
      const prompts = randomJob(random)
      const { shares } = plan(prompts, pick(random, SHARINGS))
      expect(shares).toHaveLength(prompts.length)
      for (const [index, { numTokens }] of shares.entries()) {
        expect(numTokens).toBeLessThan(prompts[index].tokens.length)
      }
    })
  })

  test('groups prompts that are the prefix of their group and a rest', () => {
    forEachSeed(200, random => {
      const prompts = randomJob(random)
      const job = plan(prompts, 'two-level')
      const groups = new Set(job.shares.map(({ scope }) => scope))
      for (const group of groups) {
        const members = [...prompts.keys()].filter(index => job.shares[index].scope === group)
        const [first] = members
        const { numTokens } = job.shares[first]
        const prefix = prompts[first].tokens.slice(0, numTokens)
        for (const index of members) {
          expect(job.shares[index].numTokens).toBe(numTokens)
          expect([...prefix, ...prompts[index].tokens.slice(numTokens)]).toEqual(prompts[index].tokens)
        }
        if (group === NOTHING.scope) expect(numTokens).toBe(0)
        else expect([numTokens > 0, members.length > 1]).toEqual([true, true])
      }
      expect(groups.size - Number(groups.has(NOTHING.scope))).toBe(job.groups)
      expect(job.levels).toBe(Math.min(1, job.groups))
    })
  })

  test('keeps the order given where a cache is to find what it can', () => {
    const prompts = [promptOf(freshTokens(9), 1), promptOf(freshTokens(9), 5), promptOf(freshTokens(9), 3)]
    expect(plan(prompts, 'cache').order).toEqual([0, 1, 2])
    expect(plan(prompts, 'tree').order).toEqual([1, 2, 0])
  })

  test('takes the order of the fewest steps if none is asked for', () => {
    forEachSeed(100, random => {
      const prompts = randomJob(random, 25)
      const sharing = pick<Sharing>(random, ['off', 'two-level', 'tree'])
      const limits = { tokenBudget: random.int(1, 100), numBlocks: random.int(20, 60) }
      const steps = (['fcfs', 'ratio', 'dual'] as const).map(
        order => atOnce(planJob(prompts, { sharing, order, ...limits })).estimatedSteps,
      )
      const best = atOnce(planJob(prompts, { sharing, ...limits }))
      const fed = prompts.reduce((sum, { outputTokens }) => sum + outputTokens, best.computeTokens)
      expect(best.estimatedSteps).toBeLessThanOrEqual(Math.max(Math.min(...steps), (1.03 * fed) / limits.tokenBudget))
      expect(atOnce(planJob(prompts, { sharing, order: best.orderedBy, ...limits })).order).toEqual(best.order)
    })
  })

  test('refuses an empty prompt', () => {
    expect(() => plan([promptOf([1]), promptOf([])])).toThrow('Prompt 1 is empty.')
  })
})

describe('a job', () => {
  const system = freshTokens(32)

  test('of no prompts is done at once', () => {
    for (const sharing of SHARINGS) {
      const { root, ...job } = plan([], sharing)
      expect(job.order).toEqual([])
      expect(job.shares).toEqual([])
      expect(Object.values(job).filter(value => typeof value === 'number')).toEqual(new Array(9).fill(0))
    }
  })

  test('of one prompt shares nothing', () => {
    for (const sharing of SHARINGS) {
      expect(plan([promptOf(freshTokens(40), 3)], sharing)).toMatchObject({
        order: [0],
        computeTokens: 40,
        treeTokens: 40,
        groups: 0,
        levels: 0,
        peakBlocks: 3,
        estimatedSteps: 3,
      })
    }
  })

  test.each([40, 48, 17, 16, 1])('of 4 times the same %i tokens computes all but the last once', length => {
    const prompts = new Array(4).fill(promptOf(freshTokens(length)))
    for (const sharing of ['cache', 'two-level', 'tree'] as const) {
      expect(plan(prompts, sharing)).toMatchObject({
        computeTokens: length + 3,
        treeTokens: length,
        forcedTokens: 3,
        groups: length > 1 ? 1 : 0,
      })
    }
  })

  test.each([32, 37, 33])('lets a prompt of %i tokens that another extends compute its last token', length => {
    const long = [...system, ...freshTokens(30)]
    const job = plan([promptOf(long), promptOf(long.slice(0, length))])
    expect(job).toMatchObject({ savedTokens: length - 1, forcedTokens: 1, treeTokens: 62, groups: 1 })
    expect(job.shares.map(({ numTokens }) => numTokens)).toEqual([61, length - 1])
  })

  test('shares a prefix that ends inside a block, however short', () => {
    for (const prefix of [
      [1, 2],
      [...system, 1, 2, 3],
    ]) {
      const prompts = [7, 8, 9].map(token => promptOf([...prefix, token]))
      for (const sharing of ['two-level', 'tree'] as const) {
        const savedTokens = 2 * prefix.length
        expect(plan(prompts, sharing)).toMatchObject({ savedTokens, forcedTokens: 0, groups: 1, levels: 1 })
      }
    }
  })

  test('counts the runs that lie one after another', () => {
    const task = [...system, ...freshTokens(16)]
    const prompts = [task, task, system, system].map(tokens => promptOf([...tokens, ...freshTokens(3)]))
    expect(plan(prompts)).toMatchObject({ groups: 1, levels: 2, savedTokens: 3 * 32 + 16 })
    expect(plan(prompts, 'two-level')).toMatchObject({ groups: 1, levels: 1, savedTokens: 3 * 32 })
  })
})
