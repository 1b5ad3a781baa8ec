import { describe, expect, test } from 'vitest'
import { assert } from '../../src/core/assert'
import { blocksFor } from '../../src/core/block'
import { PRIORITIES, type Priority } from '../../src/core/priority'
import type { Sequence } from '../../src/core/sequence'
import { forEachSeed, pick } from '../support/for-each-seed'
import type { Random } from '../support/random'
import { Drive } from './drive'
import { expectedTokens, promptOf, sequence } from './simulated-gpu'

const BUDGETS = [1, 7, 16, 64]

/** A sequence that needs at most `maxBlocks` blocks. */
function randomSequence(random: Random, id: number, maxBlocks: number, priority?: Priority): Sequence {
  const maxLen = random.int(2, 16 * maxBlocks + 2)
  const promptLen = random.int(1, maxLen)
  const presencePenalty = random.next() < 0.2 ? 1 : 0
  return sequence(id, promptOf(id, promptLen), maxLen, { ignoreEos: random.next() < 0.5, presencePenalty }, priority)
}

/** Asserts that a sequence that reached its end has the tokens it has alone, and one cut off a part of them. */
function checkOutput(sequence: Sequence): void {
  const expected = expectedTokens(sequence)
  const isWhole = sequence.finishReason === 'stop' || sequence.finishReason === 'length'
  const tokens = isWhole ? expected : expected.slice(0, sequence.tokens.length)
  assert(`${sequence.tokens}` === `${tokens}`, `sequence ${sequence.id}: ${sequence.tokens}, alone ${tokens}`)
}

describe('a sequence gets the tokens it gets alone', () => {
  test.each(BUDGETS)('in any batch, with a budget of %i, at any pipeline depth', budget => {
    forEachSeed(12, random => {
      const drive = new Drive(budget, random.int(4, 40))
      for (let id = 0; id < 12; id++) drive.add(randomSequence(random, id, 4))
      drive.drain(random.int(1, 4))
      drive.sequences.forEach(checkOutput)
    })
  })

  test.each(BUDGETS)('in the smallest pool that holds it, with a budget of %i', budget => {
    forEachSeed(12, random => {
      const sequences = Array.from({ length: 12 }, (_, id) => randomSequence(random, id, 4))
      const drive = new Drive(budget, Math.max(...sequences.map(({ maxLen }) => blocksFor(maxLen - 1))))
      drive.add(...sequences)
      drive.drain(random.int(1, 4))
      drive.sequences.forEach(checkOutput)
    })
  })

  test.each(BUDGETS)('with penalties and room for few histories at a time, with a budget of %i', budget => {
    forEachSeed(12, random => {
      const drive = new Drive(budget, random.int(8, 40), random.int(1, 4), 512, 100)
      for (let id = 0; id < 12; id++) {
        const promptLen = random.int(1, 60)
        drive.add(sequence(id, promptOf(id, promptLen), promptLen + random.int(1, 30), { presencePenalty: id % 4 }))
      }
      drive.drain(drive.depth)
      drive.sequences.forEach(checkOutput)
    })
  })

  test.each(BUDGETS)('if it is preempted at every step k, with a budget of %i', budget => {
    let preemptions = 0
    for (let k = 0; k < 60; k++) {
      const drive = new Drive(budget, 64)
      for (let id = 0; id < 4; id++) drive.add(sequence(id, promptOf(id, 5 + 9 * id), 50, { ignoreEos: true }))
      drive.drain(1 + (k % 3), step => {
        if (step !== k) return
        while (drive.scheduler.preemptLast()) drive.scheduler.checkIntegrity()
      })
      drive.sequences.forEach(checkOutput)
      preemptions += drive.scheduler.stats.preemptions
    }
    expect(preemptions).toBeGreaterThanOrEqual(60)
  })
})

test('the laws hold through 50,000 random operations on sequences of all classes', () => {
  let preemptions = 0
  let finished = 0
  forEachSeed(100, random => {
    const drive = new Drive(pick(random, BUDGETS), random.int(3, 24))
    const depth = random.int(1, 4)
    const calls = { interactive: [{}, {}], normal: [{}, {}], background: [{}, {}] }
    for (let operation = 0; operation < 500; operation++) {
      const live = drive.sequences.filter(each => !each.isFinished)
      const choice = random.next()
      if (choice < 0.15 && live.length < 30) {
        const priority = pick(random, PRIORITIES)
        drive.addTo(pick(random, calls[priority]), randomSequence(random, drive.sequences.length, 3, priority))
      } else if (choice < 0.18 && live.length > 0) drive.scheduler.finish(pick(random, live), 'abort')
      else if (choice < 0.2 && live.length > 0) drive.scheduler.finish(live[0], 'error')
      else if (choice < 0.23) drive.scheduler.preemptLast()
      else if (choice < 0.235) drive.restart()
      else if (choice < 0.5 && drive.gpu.numQueued < depth) drive.next()
      else if (choice < 0.62 && drive.gpu.numQueued < depth) {
        // as where steps are to be short: no fewer rows than sequences run
        drive.next(Math.min(drive.tokenBudget, drive.scheduler.numRunning + random.int(1, 9)))
      } else if (drive.gpu.numQueued > 0) drive.complete()
      drive.scheduler.checkIntegrity()
    }
    drive.drain(depth)
    drive.sequences.forEach(checkOutput)
    assert(
      drive.sequences.every(each => each.isFinished),
      'a sequence never ended',
    )
    preemptions += drive.scheduler.stats.preemptions
    finished += drive.sequences.filter(each => each.finishReason !== 'abort').length
  })
  // The test means something only if these happen.
  expect(preemptions).toBeGreaterThan(100)
  expect(finished).toBeGreaterThan(100)
})
