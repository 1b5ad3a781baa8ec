import { describe, expect, test } from 'vitest'
import type { Batch } from '../../src/core/batch'
import { FrameBudget, LEAST_PROMPT_ROWS, LEAST_ROWS, workOf } from '../../src/engine/frame-budget'
import { inParts } from '../../src/engine/in-parts'
import { frameMsOf } from '../../src/engine/pace'
import { StepCost } from '../../src/engine/step-cost'
import { BlockPool } from '../../src/kv/block-pool'
import { Scheduler } from '../../src/scheduler/scheduler'
import { endless, VOCAB_SIZE } from '../scheduler/simulated-gpu'
import { random } from '../support/random'

/** Milliseconds of a step: besides, for each row, for 1,000 keys, for each draw. */
interface Costs {
  readonly step: number
  readonly row: number
  readonly keys: number
  readonly draw: number
}

const FRAME = 50

/** Runs sequences on a GPU of such costs, two steps in flight; each step's rows and milliseconds. */
function run(sequences: [prompt: number, out: number][], costsAt: (step: number) => Costs, tokenBudget = 512) {
  const dice = random(1)
  const scheduler = new Scheduler({
    pools: [new BlockPool(2000)],
    vocabSize: VOCAB_SIZE,
    tokenBudget,
    contextLength: 20_000,
    stepsInFlight: 2,
  })
  sequences.forEach(([prompt, out], id) => {
    scheduler.add(endless(id, prompt, prompt + out))
  })
  const budget = new FrameBudget(tokenBudget)
  const steps: { rows: number; ms: number; parts: number; running: number }[] = []
  const inFlight: { batch: Batch; ms: number }[] = []
  for (;;) {
    while (inFlight.length < 2) {
      const batch = scheduler.next(budget.rows(FRAME, scheduler.numRunning))
      if (!batch) break
      budget.note(batch)
      const { rows, keys, draws } = workOf(batch)
      const costs = costsAt(steps.length)
      const exact = costs.step + rows * costs.row + (keys / 1000) * costs.keys + draws * costs.draw
      const ms = exact * (0.95 + 0.1 * dice.next())
      steps.push({ rows, ms, parts: budget.parts(FRAME, batch), running: scheduler.numRunning })
      inFlight.push({ batch, ms })
    }
    const done = inFlight.shift()
    if (!done) return steps
    budget.observe(done.batch, done.ms)
    const drawn = done.batch.draws.map(() => ({ tokenId: 1 }))
    scheduler.complete(done.batch, drawn)
    scheduler.checkIntegrity()
  }
}

const MEDIUM = { step: 4, row: 0.2, keys: 0.02, draw: 0.1 }

describe('steps', () => {
  test('of a long prompt stay within the time as its context grows, and use most of it', () => {
    const steps = run([[8000, 4]], () => MEDIUM)
    const late = steps.slice(8, -8)
    expect(Math.max(...steps.map(({ ms }) => ms))).toBeLessThan(FRAME)
    expect(Math.min(...late.map(({ ms }) => ms))).toBeGreaterThan(0.6 * FRAME)
    // at the end a token sees 8,000 keys, which cost as much as the token itself
    expect(late.at(-1)?.rows).toBeLessThan(0.75 * (late[0]?.rows ?? 0))
  })

  test('begin small where nothing is known, and are no more than doubled from what was timed', () => {
    const steps = run([[8000, 4]], () => ({ ...MEDIUM, row: 0.01, keys: 0.001 }))
    expect(steps[0].rows).toBe(LEAST_ROWS)
    expect(steps[0].parts).toBeGreaterThan(1)
    const most = steps.map((_, index) => Math.max(...steps.slice(0, Math.max(1, index)).map(({ rows }) => rows)))
    for (const [index, { rows }] of steps.entries()) expect(rows).toBeLessThanOrEqual(2 * most[index])
    // a GPU that is fast enough has the whole budget, soon
    expect(steps.findIndex(({ rows }) => rows === 512)).toBeLessThan(12)
  })

  test('keep the time with many decodes beside a prompt', () => {
    const many: [number, number][] = Array.from({ length: 40 }, (_, index) => [20 + index, 60])
    const steps = run([...many, [3000, 10]], () => MEDIUM)
    expect(Math.max(...steps.slice(4).map(({ ms }) => ms))).toBeLessThan(FRAME)
  })

  test('that become dearer, three times, keep the time again after a few', () => {
    const steps = run([[8000, 4]], step => {
      const factor = step < 30 ? 1 : 3
      return { step: MEDIUM.step * factor, row: MEDIUM.row * factor, keys: MEDIUM.keys * factor, draw: 0 }
    })
    const late = steps.slice(30)
    expect(late.findLastIndex(({ ms }) => ms > FRAME)).toBeLessThan(8)
    // and are submitted in parts meanwhile, once that is known
    for (const { ms, parts } of late.slice(3)) expect(ms / parts).toBeLessThan(FRAME)
  })

  test('that become cheaper are filled again', () => {
    const steps = run([[16_000, 4]], step => (step < 30 ? { ...MEDIUM, row: 0.6 } : MEDIUM))
    const before = steps[28].rows
    expect(Math.max(...steps.slice(45, 80).map(({ rows }) => rows))).toBeGreaterThan(1.8 * before)
  })

  test('are never smaller than the least, nor leave out a sequence that runs or the prompt under way; they come in parts', () => {
    const many: [number, number][] = Array.from({ length: 30 }, () => [10, 100])
    const slow = { step: 100, row: 10, keys: 0.1, draw: 1 }
    const steps = run([...many, [500, 4]], () => slow)
    // all run at once in the end, since the least is more than they are
    expect(Math.max(...steps.map(({ running }) => running))).toBe(31)
    for (const { rows, running } of steps)
      expect(rows).toBeLessThanOrEqual(Math.max(LEAST_ROWS, running + LEAST_PROMPT_ROWS))
    for (const { ms, parts } of steps.slice(3)) expect(ms / parts).toBeLessThan(1.3 * FRAME)
  })

  test('are never more than the budget', () => {
    const steps = run([[2000, 4]], () => ({ step: 0.1, row: 0.001, keys: 0, draw: 0 }), 48)
    expect(Math.max(...steps.map(({ rows }) => rows))).toBe(48)
  })
})

test('a cost model finds the costs that steps of all kinds have', () => {
  const dice = random(3)
  const costOf = (rows: number, keys: number, draws: number) => 3 + 0.1 * rows + 0.0004 * keys + 0.5 * draws
  const cost = new StepCost()
  expect([cost.predict({ rows: 9, keys: 9, draws: 9 }), cost.mostRows]).toEqual([0, 0])
  for (let step = 0; step < 60; step++) {
    const work = { rows: dice.int(1, 500), keys: dice.int(1, 200_000), draws: dice.int(0, 60) }
    cost.observe(work, costOf(work.rows, work.keys, work.draws))
  }
  for (const [rows, keys, draws] of [
    [300, 1000, 1],
    [20, 100_000, 20],
    [1, 1, 0],
  ]) {
    expect(cost.predict({ rows, keys, draws })).toBeCloseTo(costOf(rows, keys, draws), 0)
  }
})

test('one step that took unusually long is soon forgotten', () => {
  const cost = new StepCost()
  const work = { rows: 100, keys: 5000, draws: 3 }
  for (let step = 0; step < 30; step++) cost.observe(work, step === 10 ? 1000 : 20)
  expect(cost.predict(work)).toBeCloseTo(20, 0)
})

test.each([
  [1, 30, 0],
  [2, 30, 2],
  [4, 30, 4],
  [3, 2, 2],
  [100, 30, 30],
])('in %i parts, work that can be cut %i times is cut %i times', (parts, numStages, expected) => {
  let numCuts = 0
  const onStage = inParts(parts, () => numCuts++)
  for (let stage = 1; stage <= numStages; stage++) onStage?.(stage / numStages)
  expect(numCuts).toBe(expected)
})

test('steps take as long as they take where nobody draws: outside of pages, and in one that is hidden', () => {
  expect(frameMsOf(undefined)()).toBe(Number.POSITIVE_INFINITY)
  expect(frameMsOf(7)()).toBe(7)
  const page = { visibilityState: 'visible' }
  Object.assign(globalThis, { document: page })
  try {
    const frameMs = frameMsOf(undefined)
    expect(frameMs()).toBe(50)
    page.visibilityState = 'hidden'
    expect(frameMs()).toBe(Number.POSITIVE_INFINITY)
    expect(frameMsOf(7)()).toBe(7)
  } finally {
    Reflect.deleteProperty(globalThis, 'document')
  }
})
