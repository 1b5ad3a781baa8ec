import { expect, test, vi } from 'vitest'
import { Deferred } from '../../src/core/deferred'
import type { Sequence } from '../../src/core/sequence'
import { StepLoop } from '../../src/engine/step-loop'
import type { StepRecord } from '../../src/engine/step-record'
import { BlockPool } from '../../src/kv/block-pool'
import { Scheduler } from '../../src/scheduler/scheduler'
import { endless, VOCAB_SIZE } from '../scheduler/simulated-gpu'

/** A loop whose steps draw token 1 everywhere. */
function scene() {
  const options = { vocabSize: VOCAB_SIZE, tokenBudget: 8, contextLength: 100, stepsInFlight: 2 }
  const scheduler = new Scheduler({ pools: [new BlockPool(16)], ...options })
  const loop = new StepLoop({
    scheduler,
    runner: { run: async ({ draws }) => draws.map(() => ({ tokenId: 1 })) },
    stepsInFlight: 2,
    onDraw: ({ isFinished }) => isFinished && scheduler.numRunning === 0 && ended.resolve(),
    onError: error => ended.reject(error),
  })
  let ended = new Deferred<void>()
  /** Runs the sequences to their ends. */
  const run = async (...sequences: Sequence[]) => {
    ended = new Deferred()
    for (const each of sequences) scheduler.add(each)
    loop.wake()
    await ended.promise
    // the last report comes after the last draw
    await new Promise(setImmediate)
  }
  return { scheduler, loop, run }
}

test('who listens is told of each step: what it computed and drew, and where the scheduler stands then', async () => {
  const { loop, run } = scene()
  const seen: StepRecord[] = []
  loop.onStep(step => seen.push(step))
  await run(endless(1, 5, 8), endless(2, 6, 8))
  expect(seen.map(({ chunks, draws }) => [chunks, draws])).toEqual([
    [
      [
        { sequence: 1, start: 0, count: 5 },
        { sequence: 2, start: 0, count: 3 },
      ],
      [{ sequence: 1, position: 5 }],
    ],
    [
      [
        { sequence: 1, start: 5, count: 1 },
        { sequence: 2, start: 3, count: 3 },
      ],
      [
        { sequence: 1, position: 6 },
        { sequence: 2, position: 6 },
      ],
    ],
    [
      [
        { sequence: 1, start: 6, count: 1 },
        { sequence: 2, start: 6, count: 1 },
      ],
      [
        { sequence: 1, position: 7 },
        { sequence: 2, position: 7 },
      ],
    ],
  ])
  // the second step was in flight when the first was done
  expect(seen[0].scheduler).toEqual({
    steps: 2,
    preemptions: 0,
    prefillTokens: 11,
    savedTokens: 0,
    decodeTokens: 1,
    running: [
      { id: 1, promptLen: 5, numComputed: 6, length: 7 },
      { id: 2, promptLen: 6, numComputed: 6, length: 7 },
    ],
    numWaiting: 0,
    usedBlocks: [2],
    peakBlocks: [2],
  })
  expect(seen[2].scheduler).toMatchObject({ steps: 3, decodeTokens: 3, running: [], usedBlocks: [0] })
})

test('what is told is plain, and stays as it is', async () => {
  const { loop, run } = scene()
  const seen: StepRecord[] = []
  const copies: StepRecord[] = []
  loop.onStep(step => {
    seen.push(step)
    copies.push(structuredClone(step))
  })
  await run(endless(1, 5, 20), endless(2, 30, 40))
  expect(seen).toHaveLength(15)
  expect(seen).toEqual(copies)
})

test('nothing is recorded without a listener', async () => {
  const { scheduler, loop, run } = scene()
  const snapshot = vi.spyOn(scheduler, 'snapshot')
  let numSteps = 0
  const stop = loop.onStep(() => numSteps++)
  await run(endless(1, 5, 8))
  expect([numSteps, snapshot.mock.calls.length]).toEqual([3, 3])
  stop()
  await run(endless(2, 5, 8))
  expect([numSteps, snapshot.mock.calls.length]).toEqual([3, 3])
})
