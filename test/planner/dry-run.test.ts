import { describe, expect, test } from 'vitest'
import { BLOCK_LEN, blocksFor } from '../../src/core/block'
import { atOnce } from '../../src/core/work'
import { dryRun, type Limits } from '../../src/planner/dry-run'
import { type Order, orderPrompts } from '../../src/planner/order-prompts'
import { type PlannedPrompt, planJob, type Sharing } from '../../src/planner/plan-job'
import { type Run, runOfEach } from '../../src/planner/run'
import { forEachSeed, pick } from '../support/for-each-seed'
import { freshTokens, promptOf, randomJob } from './random-job'

interface Running {
  readonly prompt: PlannedPrompt
  readonly run: Run
  toCompute: number
  drawn: number
}

/** Runs a job step by step, and looks ahead at each admission by running all steps to come. */
class StepByStep {
  peakBlocks = 0
  estimatedSteps = 0
  readonly #limits: Limits
  #running: Running[] = []
  readonly #computed = new Set<Run>()

  constructor(limits: Limits) {
    this.#limits = limits
  }

  runAll(order: readonly number[], prompts: readonly PlannedPrompt[], root: Run): void {
    const runs = runOfEach(root)
    const waiting = [...order]
    while (waiting.length + this.#running.length > 0) {
      let room = this.#advance(this.#running)
      while (room > 0 && waiting.length > 0) {
        const [index] = waiting
        const candidate = this.#candidate(prompts[index], runs[index])
        room = this.#give(candidate, room)
        if (this.#running.length > 0 && !this.#fits([...this.#running, candidate])) break
        this.#running.push(candidate)
        for (const run of candidate.run.path()) this.#computed.add(run)
        waiting.shift()
      }
      this.peakBlocks = Math.max(this.peakBlocks, blocksOf(this.#running))
      this.#running = this.#running.filter(isUnfinished)
      this.estimatedSteps++
    }
  }

  #candidate(prompt: PlannedPrompt, run: Run): Running {
    const known = [...run.path()].find(each => this.#computed.has(each))
    return { prompt, run, toCompute: prompt.tokens.length - (known?.end ?? 0), drawn: 0 }
  }

  /** What the running ones do in a step; returns the room left. */
  #advance(running: readonly Running[]): number {
    return running.reduce((room, each) => this.#give(each, room), this.#limits.tokenBudget)
  }

  /** A token for a decode, up to `room` for a prompt; returns the room left. */
  #give(each: Running, room: number): number {
    const count = each.toCompute === 0 ? 1 : Math.min(room, each.toCompute)
    each.toCompute = Math.max(0, each.toCompute - count)
    if (each.toCompute === 0) each.drawn++
    return room - count
  }

  #fits(running: readonly Running[]): boolean {
    let later = running.map(each => ({ ...each }))
    while (later.length > 0) {
      if (blocksOf(later) > this.#limits.numBlocks) return false
      later = later.filter(isUnfinished)
      this.#advance(later)
    }
    return true
  }
}

function isUnfinished({ prompt, drawn }: Running): boolean {
  return drawn < prompt.outputTokens
}

/** In use in a step: every run once, and the rest of every prompt with the tokens that were drawn and fed back. */
function blocksOf(running: readonly Running[]): number {
  const runs = new Set(running.flatMap(({ run }) => [...run.path()]))
  const shared = [...runs].reduce((sum, run) => sum + fullBlocks(run) - fullBlocks(run.parent), 0)
  return running.reduce(
    (sum, { prompt, run, drawn }) => sum + blocksFor(prompt.tokens.length + Math.max(0, drawn - 1)) - fullBlocks(run),
    shared,
  )
}

/** Of the tokens from the first to the run's last. */
function fullBlocks(run: Run | undefined): number {
  return Math.floor((run?.end ?? 0) / BLOCK_LEN)
}

describe('dryRun', () => {
  test('is the schedule that runs step by step', () => {
    let fullest = 0
    forEachSeed(300, random => {
      const prompts = randomJob(random, 25)
      const sharing = pick<Sharing>(random, ['off', 'two-level', 'tree'])
      const order = pick<Order>(random, ['fcfs', 'ratio', 'dual'])
      const longest = Math.max(0, ...prompts.map(({ tokens, outputTokens }) => tokens.length + outputTokens))
      const limits = { tokenBudget: random.int(1, 100), numBlocks: blocksFor(longest) + random.int(0, 40) }
      const plan = atOnce(planJob(prompts, { sharing, order, ...limits }))
      const exact = new StepByStep(limits)
      exact.runAll(plan.order, prompts, plan.root)
      expect([plan.peakBlocks, plan.estimatedSteps]).toEqual([exact.peakBlocks, exact.estimatedSteps])
      expect(plan.peakBlocks).toBeLessThanOrEqual(limits.numBlocks)
      if (plan.peakBlocks === limits.numBlocks) fullest++
    })
    expect(fullest).toBeGreaterThan(30)
  })

  test('takes no fewer steps than the tokens fill, nor than the longest output', () => {
    forEachSeed(100, random => {
      const prompts = randomJob(random, 25)
      const tokenBudget = random.int(1, 100)
      const plan = atOnce(planJob(prompts, { sharing: 'tree', order: 'ratio', tokenBudget, numBlocks: 1000 }))
      const fed = prompts.reduce((sum, { outputTokens }) => sum + outputTokens - 1, plan.computeTokens)
      expect(plan.estimatedSteps).toBeGreaterThanOrEqual(Math.ceil(fed / tokenBudget))
      expect(plan.estimatedSteps).toBeGreaterThanOrEqual(Math.max(0, ...prompts.map(p => p.outputTokens)))
    })
  })

  test('counts a shared prefix once', () => {
    const prefix = freshTokens(160)
    const prompts = Array.from({ length: 8 }, () => promptOf([...prefix, ...freshTokens(8)], 9))
    const limits = { tokenBudget: 1000, numBlocks: 1000 }
    expect(atOnce(planJob(prompts, { sharing: 'tree', order: 'ratio', ...limits })).peakBlocks).toBe(10 + 8)
    expect(atOnce(planJob(prompts, { sharing: 'off', order: 'ratio', ...limits })).peakBlocks).toBe(8 * 11)
  })

  test('runs a prompt that fits in no cache by itself', () => {
    const prompts = [3, 100, 3].map(length => promptOf(freshTokens(length), 4))
    const limits = { tokenBudget: 200, numBlocks: 2 }
    expect(atOnce(planJob(prompts, { sharing: 'off', order: 'fcfs', ...limits }))).toMatchObject({
      peakBlocks: blocksFor(103),
      estimatedSteps: 12,
    })
  })

  test('rounds expected outputs up', () => {
    const prompts = [promptOf(freshTokens(5), 2.1), promptOf(freshTokens(5), 0)]
    const { root } = atOnce(planJob(prompts, { sharing: 'off', order: 'fcfs', tokenBudget: 10, numBlocks: 9 }))
    const limits = { tokenBudget: 10, numBlocks: 9 }
    expect(atOnce(dryRun(atOnce(orderPrompts(root, prompts, 'fcfs')), prompts, root, limits)).estimatedSteps).toBe(3)
  })
})
