import { expect, test, vi } from 'vitest'
import { Deferred } from '../../src/core/deferred'
import type { Sequence } from '../../src/core/sequence'
import type { EngineEvent, StepEvent } from '../../src/engine/events'
import { StepLoop } from '../../src/engine/step-loop'
import { Watches } from '../../src/engine/watches'
import { BlockPool } from '../../src/kv/block-pool'
import { Scheduler } from '../../src/scheduler/scheduler'
import { endless, VOCAB_SIZE } from '../scheduler/simulated-gpu'

/** A loop whose steps draw token 1 everywhere, and those who watch it. */
function scene() {
  const options = { vocabSize: VOCAB_SIZE, tokenBudget: 8, contextLength: 100, stepsInFlight: 2 }
  const scheduler = new Scheduler({ pools: [new BlockPool(16)], ...options })
  const loop = new StepLoop({
    scheduler,
    runner: { run: async ({ draws }) => draws.map(() => ({ tokenId: 1 })) },
    stepsInFlight: 2,
    onDraw: ({ sequence }) => sequence.isFinished && scheduler.numRunning === 0 && ended.resolve(),
    onStep: batch => watches.step(batch),
    onError: error => ended.reject(error),
  })
  const watches = new Watches({ scheduler, tokenBudget: () => 8, times: loop.clock.times })
  let ended = new Deferred<void>()
  /** Runs the sequences to their ends. */
  const run = async (...sequences: Sequence[]) => {
    ended = new Deferred()
    for (const each of sequences) scheduler.add(each)
    loop.wake()
    await ended.promise
    // the last step is told of after its last draw
    await new Promise(setImmediate)
  }
  /** Each step that is told of, and the counts just before. */
  const seen: EngineEvent[] = []
  return { scheduler, watches, run, seen }
}

const isStep = (event: EngineEvent): event is StepEvent => event.kind === 'step'

test('who watches is told of each step: what it computed and drew, and where the scheduler stands then', async () => {
  const { watches, run, seen } = scene()
  watches.watch(events => void seen.push(...events))
  await watches.inspect()
  await run(endless(1, 5, 8), endless(2, 6, 8))
  const steps = seen.filter(isStep)
  expect(
    steps.map(({ step, numTokens, budget, chunks, ended }) => [step, numTokens, budget, [...chunks], [...ended]]),
  ).toEqual([
    [1, 8, 8, [1, 0, 5, 1, 2, 0, 3, 0], []],
    [2, 4, 8, [1, 5, 1, 1, 2, 3, 3, 1], []],
    [3, 2, 8, [1, 6, 1, 1, 2, 6, 1, 1], [1, 2]],
  ])
  // the first were there before any step
  const counts = seen.filter(({ kind }) => kind === 'counts').slice(1)
  // the second step was in flight when the first was done
  expect(counts[0]).toEqual({
    kind: 'counts',
    steps: 2,
    preemptions: 0,
    prefillTokens: 11,
    savedTokens: 0,
    decodeTokens: 1,
    running: 2,
    waiting: 0,
    usedBlocks: [2],
    idleBlocks: [0],
  })
  expect(counts[2]).toMatchObject({ steps: 3, decodeTokens: 3, running: 0, usedBlocks: [0] })
  for (const { times, at } of steps) {
    expect(Object.values(times).every(ms => ms >= 0)).toBe(true)
    expect(Math.abs(at - Date.now())).toBeLessThan(60_000)
  }
})

test('what is told is plain, and stays as it is', async () => {
  const { watches, run, seen } = scene()
  const copies: EngineEvent[] = []
  watches.watch(events => {
    seen.push(...events)
    copies.push(...structuredClone(events))
  })
  await watches.inspect()
  await run(endless(1, 5, 20), endless(2, 30, 40))
  expect(seen.filter(isStep)).toHaveLength(15)
  expect(seen).toEqual(copies)
})

test('nothing is recorded without a listener, and steps are numbered all the same', async () => {
  const { scheduler, watches, run, seen } = scene()
  const { prefixes, pools } = scheduler.cache
  const isNoting = () => pools.some(({ watchers }) => watchers.length > 0)
  const stop = watches.watch(events => void seen.push(...events))
  expect(isNoting()).toBe(false)
  await watches.inspect()
  expect(isNoting()).toBe(true)
  await run(endless(1, 5, 8))
  stop()
  stop()
  expect(isNoting()).toBe(false)
  await run(endless(2, 5, 8))
  expect(seen.filter(isStep).map(({ step }) => step)).toEqual([1, 2, 3])
  watches.watch(events => void seen.push(...events))
  await watches.inspect()
  await run(endless(3, 5, 6))
  expect(seen.filter(isStep).map(({ step }) => step)).toEqual([1, 2, 3, 7])
  expect([...prefixes.runs()].length).toBeLessThan(4)
})

test('the time of who watches is none of a step’s', async () => {
  const { watches, run, seen } = scene()
  let now = 0
  const clock = vi.spyOn(performance, 'now').mockImplementation(() => now)
  watches.watch(events => {
    seen.push(...events)
    now += 1000
  })
  await watches.inspect()
  await run(endless(1, 5, 20))
  clock.mockRestore()
  const spent = seen.filter(isStep).flatMap(({ times }) => Object.values(times))
  expect(spent.length).toBeGreaterThan(50)
  expect(Math.max(...spent)).toBe(0)
})
