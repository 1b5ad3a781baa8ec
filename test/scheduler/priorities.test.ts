import { describe, expect, test } from 'vitest'
import { assert } from '../../src/core/assert'
import { blocksFor } from '../../src/core/block'
import { PRIORITIES, type Priority } from '../../src/core/priority'
import type { Sequence } from '../../src/core/sequence'
import { forEachSeed, pick } from '../support/for-each-seed'
import { Drive } from './drive'
import { all, checkOutput, randomPrompts, SCOPES, sequences } from './prompt-trees'
import { endless, expectedTokens, promptOf, sequence } from './simulated-gpu'

/** Decides and runs a step, two in flight. */
function step(drive: Drive): void {
  const batch = drive.next()
  if (drive.gpu.numQueued >= 2 || !batch) drive.complete()
}

/** Steps decided until the sequence's first draw is among them. */
function stepsToFirstDraw(drive: Drive, sequence: Sequence): number {
  for (let numSteps = 1; numSteps < 1000; numSteps++) {
    const batch = drive.next()
    if (batch?.draws.some(({ chunk }) => chunk.sequence === sequence)) return numSteps
    if (drive.gpu.numQueued >= 2 || !batch) drive.complete()
  }
  throw new Error('it never draws')
}

/** A job whose 64 rows of 256 tokens would like twice the blocks there are, in the middle of its run. */
function busyDrive(numSteps: number): Drive {
  const drive = new Drive(512, 512, 2, 1024)
  drive.add(...Array.from({ length: 64 }, (_, id) => endless(id, 128, 257, 'background')))
  for (let index = 0; index < numSteps; index++) step(drive)
  return drive
}

function expectAnswers(drive: Drive): void {
  for (const each of drive.sequences) expect(each.tokens).toEqual(expectedTokens(each))
}

describe('a higher class', () => {
  test.each([1, 20, 40, 60, 80, 100, 120, 130, 150, 250])(
    'draws within 2 steps, whatever lower ones have reserved: a chat in step %i of a job',
    numSteps => {
      const drive = busyDrive(numSteps)
      const chat = endless(999, 128, 257, 'interactive')
      drive.addTo({}, chat)
      expect(stepsToFirstDraw(drive, chat)).toBeLessThanOrEqual(2)
      drive.drain(2)
      expectAnswers(drive)
    },
  )

  test('starts a prompt of 500 tokens at once, beside a prompt of a lower one that would fill every step', () => {
    const drive = new Drive(512, 512, 2, 4096)
    drive.add(endless(1, 4000, 4010, 'background'))
    step(drive)
    const chat = endless(2, 500, 520, 'normal')
    drive.addTo({}, chat)
    const counts = [drive.next(), drive.next()].map(batch =>
      batch?.chunks.map(({ sequence, count }) => [sequence.id, count]),
    )
    expect(counts).toEqual([
      [
        [2, 448],
        [1, 64],
      ],
      [
        [2, 52],
        [1, 460],
      ],
    ])
  })

  test('takes no more than it needs: of 30 rows one or two give way to a chat of their length', () => {
    const drive = busyDrive(60)
    const before = drive.scheduler.numRunning
    drive.addTo({}, endless(999, 128, 257, 'interactive'))
    step(drive)
    expect(before - drive.scheduler.numRunning + 1).toBeLessThanOrEqual(2)
  })

  test('leaves alone those below if it could not start even without them', () => {
    const drive = new Drive(64, 16, 1)
    drive.add(endless(1, 100, 193, 'interactive'), endless(2, 30, 60, 'background'))
    while (drive.scheduler.numRunning < 2) step(drive)
    drive.addTo({}, endless(3, 90, 120, 'interactive'))
    step(drive)
    expect(drive.scheduler.stats.preemptions).toBe(0)
  })
})

describe('a lower class', () => {
  test('takes up again what it computed, as long as that is remembered', () => {
    const drive = new Drive(512, 40, 2)
    const [row] = drive.add(endless(1, 320, 400, 'background'))
    for (let index = 0; index < 8; index++) step(drive)
    // it reserves 25 blocks and has 21, the chat wants 19
    drive.addTo({}, endless(2, 200, 290, 'interactive'))
    drive.drain(2)
    expectAnswers(drive)
    expect(drive.scheduler.stats.preemptions).toBe(1)
    // of more than 320 tokens a block and what was in flight are computed again
    expect(drive.scheduler.stats.prefillTokens).toBeLessThanOrEqual(320 + 200 + 16)
    expect(row.finishReason).toBe('length')
  })

  test('has an eighth of the rows while higher ones could take all', () => {
    const drive = new Drive(64, 400, 1, 4096)
    drive.add(...Array.from({ length: 20 }, (_, id) => endless(id, 2, 200, 'background')))
    step(drive)
    drive.addTo({}, endless(30, 2000, 2010, 'normal'))
    drive.addTo({}, endless(31, 2000, 2010, 'interactive'))
    for (let index = 0; index < 20; index++) {
      const batch = drive.next()
      const numRows = (priority: string) =>
        batch?.chunks.reduce((sum, each) => sum + (each.sequence.priority === priority ? each.count : 0), 0)
      expect(numRows('background')).toBe(8)
      if (drive.gpu.numQueued >= 2) drive.complete()
    }
  })

  test.each([1, 4, 64])('gets to its end beside calls of higher ones without end, with a budget of %i', budget => {
    const drive = new Drive(budget, 16, 1)
    const [row] = drive.add(endless(0, 40, 200, 'background'))
    let numSteps = 0
    // each chat takes half of the blocks, so that the row, which takes 13 of 16, never fits beside two of them
    for (let id = 1; !row.isFinished; numSteps++) {
      const numChats = drive.sequences.filter(each => !each.isFinished && each !== row).length
      for (let index = numChats; index < 3; index++) drive.addTo({}, endless(id++, 8, 8 * 16, 'interactive'))
      step(drive)
      expect(numSteps).toBeLessThan(8000)
    }
    // 64 steps until it is overdue, 128 until the chats have ended, and its own; of a small budget it has one row in eight
    expect(numSteps).toBeLessThanOrEqual(64 + (2 * 128) / Math.min(budget, 2) + 8 * 200 + 40)
    expect(blocksFor(row.maxLen - 1)).toBe(13)
    drive.drain(2)
    expectAnswers(drive)
  })
})

test.each([8, 64])(
  'a lower row with penalties draws beside higher ones that take all room for histories, with a budget of %i',
  budget => {
    // room for the history of one chat, or of the row
    const drive = new Drive(budget, 64, 2, 512, 100)
    const edited = (id: number, priority: Priority) =>
      sequence(id, promptOf(id, 60), 80, { ignoreEos: true, presencePenalty: 1 }, priority)
    const [row] = drive.add(edited(0, 'background'))
    while (row.numComputed < 59) step(drive)
    let numSteps = 0
    for (let id = 1; !row.isFinished; numSteps++) {
      const numChats = drive.sequences.filter(each => !each.isFinished && each !== row).length
      for (let index = numChats; index < 2; index++) drive.addTo({}, edited(id++, 'interactive'))
      step(drive)
      // one draw in eight steps
      expect(numSteps).toBeLessThan(8 * 20 + 16)
    }
    drive.drain(2)
    expectAnswers(drive)
  },
)

test('the laws hold through 20,000 random operations on all classes with shared prefixes and windows', () => {
  let preemptions = 0
  let saved = 0
  forEachSeed(40, random => {
    const numBlocks = random.int(14, 30)
    const budget = pick(random, [1, 7, 16, 64])
    const groups = [{ numBlocks }, { numBlocks, window: 40 }].slice(0, random.int(1, 3))
    const drive = new Drive(budget, groups, random.int(1, 4))
    const calls = { interactive: {}, normal: {}, background: {} }
    for (let operation = 0; operation < 500; operation++) {
      const live = drive.sequences.filter(each => !each.isFinished)
      const choice = random.next()
      if (choice < 0.15 && live.length < 30) {
        const priority = pick(random, PRIORITIES)
        const [each] = sequences(random, randomPrompts(random, 1), drive.sequences.length, priority)
        if (random.next() < 0.3) drive.addTo(calls[priority], each)
        else drive.addSharing(each, { ...all(each.tokens), scope: pick(random, SCOPES) }, calls[priority])
      } else if (choice < 0.18 && live.length > 0) drive.scheduler.finish(pick(random, live), 'abort')
      else if (choice < 0.62 && drive.gpu.numQueued < drive.depth) drive.next()
      else if (drive.gpu.numQueued > 0) drive.complete()
      drive.scheduler.checkIntegrity()
    }
    drive.drain(drive.depth)
    for (const each of drive.sequences.filter(({ finishReason }) => finishReason !== 'abort')) checkOutput(each)
    const unfinished = drive.sequences.filter(each => !each.isFinished).map(({ id }) => id)
    assert(unfinished.length === 0, `sequences ${unfinished} never ended`)
    preemptions += drive.scheduler.stats.preemptions
    saved += drive.scheduler.stats.savedTokens
  })
  expect(preemptions).toBeGreaterThan(100)
  expect(saved).toBeGreaterThan(1000)
})
