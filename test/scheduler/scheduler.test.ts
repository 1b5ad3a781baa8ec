import { describe, expect, test } from 'vitest'
import { InvariantViolation } from '../../src/core/assert'
import { InvalidRequest } from '../../src/core/errors'
import { Drive } from './drive'
import { EOS, endless, promptOf, sequence } from './simulated-gpu'

/** Decides a step: its chunks as [sequence id, start, count, draws]. */
function nextChunks(drive: Drive) {
  const batch = drive.next()
  const drawing = batch?.draws.map(({ chunk }) => chunk)
  return batch?.chunks.map(chunk => [chunk.sequence.id, chunk.start, chunk.count, drawing?.includes(chunk)])
}

/** Decides and runs a step: who was in it. */
function stepIds(drive: Drive): number[] {
  const batch = drive.next()
  if (batch) drive.complete()
  return batch?.chunks.map(chunk => chunk.sequence.id) ?? []
}

describe('next', () => {
  test('takes decodes first, then the partial prefill, then new sequences, within the budget', () => {
    const drive = new Drive(16, 64)
    drive.add(endless(1, 5, 20), endless(2, 21, 40), endless(3, 4, 20))
    expect(nextChunks(drive)).toEqual([
      [1, 0, 5, true],
      [2, 0, 11, false],
    ])
    expect(nextChunks(drive)).toEqual([
      [1, 5, 1, true],
      [2, 11, 10, true],
      [3, 0, 4, true],
    ])
    expect(nextChunks(drive)).toEqual([
      [1, 6, 1, true],
      [2, 21, 1, true],
      [3, 4, 1, true],
    ])
  })

  test('admits nothing while decodes fill the budget', () => {
    const drive = new Drive(3, 64)
    drive.add(...[1, 2, 3, 4, 5].map(id => endless(id, 1, id === 2 ? 4 : 8)))
    expect([1, 2, 3].map(() => stepIds(drive))).toEqual([
      [1, 2, 3],
      [1, 2, 3],
      [1, 2, 3],
    ])
    expect(stepIds(drive)).toEqual([1, 3, 4])
  })

  test('admits a sequence only if it fits to its end beside those that run, and lets no one of its call overtake it', () => {
    const drive = new Drive(100, 5, 1)
    drive.add(endless(1, 30, 32), endless(2, 50, 60), endless(3, 2, 10))
    expect(stepIds(drive)).toEqual([1])
    expect(stepIds(drive)).toEqual([1])
    expect(stepIds(drive)).toEqual([2, 3])
  })

  test('admits one that will need the blocks of another only after that other is gone', () => {
    const drive = new Drive(100, 4, 1)
    drive.add(endless(1, 30, 34), endless(2, 14, 40))
    // 1 leaves after 3 more steps with 3 blocks; 2 takes its second block before, its third after
    expect(stepIds(drive)).toEqual([1])
    expect(stepIds(drive)).toEqual([1, 2])
    drive.drain()
    expect(drive.scheduler.stats.preemptions).toBe(0)
    expect(drive.scheduler.peakBlocks).toEqual([4])
  })

  test('admits one alone even if it takes the whole pool', () => {
    const drive = new Drive(100, 4)
    const [first] = drive.add(endless(1, 16, 20), endless(2, 48, 60))
    expect(stepIds(drive)).toEqual([1])
    expect(drive.scheduler.numWaiting).toBe(1)
    drive.scheduler.finish(first, 'abort')
    expect(stepIds(drive)).toEqual([2])
  })

  test('a call with fewer sequences left goes before one with more', () => {
    const drive = new Drive(10, 64)
    const [job, chat] = [{}, {}]
    drive.addTo(job, ...[1, 2, 3, 4].map(id => endless(id, 8, 20)))
    expect(stepIds(drive)).toEqual([1, 2])
    drive.addTo(chat, endless(5, 3, 20))
    expect(stepIds(drive)).toEqual([1, 2, 5])
    expect(stepIds(drive)).toEqual([1, 2, 5, 3])
  })

  test('a single prompt does not wait for a job that came before', () => {
    const drive = new Drive(64, 256)
    drive.add(...Array.from({ length: 40 }, (_, id) => endless(id, 60, 68)))
    stepIds(drive)
    const [single] = drive.addTo({}, endless(40, 20, 24))
    while (!single.isFinished) stepIds(drive)
    // it draws four times, beside at most one prompt a step
    expect(drive.scheduler.numWaiting).toBeGreaterThan(30)
  })

  test('of calls with as many left the earlier goes first', () => {
    const drive = new Drive(4, 64)
    for (const id of [1, 2, 3]) drive.addTo({}, endless(id, 4, 20))
    expect(stepIds(drive)).toEqual([1])
    expect(stepIds(drive)).toEqual([1, 2])
  })

  test('a call can be put into another order as far as it has not started', () => {
    const drive = new Drive(4, 64)
    const call = {}
    const [one, two, three, four] = drive.addTo(call, ...[1, 2, 3, 4].map(id => endless(id, 2, 3)))
    expect(stepIds(drive)).toEqual([1, 2])
    drive.isReordered = true
    drive.scheduler.reorder(call, [four, one, three])
    expect(stepIds(drive)).toEqual([4, 3])
    expect([one, two].every(({ isFinished }) => isFinished)).toBe(true)
  })

  test('decodes a token that is still in flight', () => {
    const drive = new Drive(16, 8)
    drive.add(endless(1, 3, 20))
    drive.next()
    expect(nextChunks(drive)).toEqual([[1, 3, 1, true]])
    expect(nextChunks(drive)).toEqual([[1, 4, 1, true]])
  })

  test('waits for the last token of a sequence with penalties, and keeps its place in the budget', () => {
    const drive = new Drive(3, 8)
    drive.add(sequence(1, promptOf(1, 2), 9, { presencePenalty: 1, ignoreEos: true }), endless(2, 6, 9))
    expect(nextChunks(drive)).toEqual([
      [1, 0, 2, true],
      [2, 0, 1, false],
    ])
    expect(nextChunks(drive)).toEqual([[2, 1, 2, false]])
    drive.complete()
    expect(nextChunks(drive)).toEqual([
      [1, 2, 1, true],
      [2, 3, 2, false],
    ])
  })

  test('never schedules a draw beyond the maximum length', () => {
    const drive = new Drive(16, 8)
    const [only] = drive.add(endless(1, 3, 5))
    drive.next()
    drive.next()
    expect(drive.next()).toBeUndefined()
    expect(only.numPending).toBe(2)
    expect([drive.complete(), drive.complete()].flat()).toHaveLength(2)
    expect([only.tokens.length, only.finishReason]).toEqual([5, 'length'])
  })

  test('snapshots the block table, as far as the chunk reaches', () => {
    const drive = new Drive(16, 8)
    drive.add(endless(1, 32, 40))
    const first = drive.next()
    const second = drive.next()
    const third = drive.next()
    expect([first, second, third].map(batch => batch?.chunks[0].groups[0].blockTable.length)).toEqual([1, 2, 3])
  })
})

describe('preemption', () => {
  test('takes the sequence that started last', () => {
    const drive = new Drive(100, 8)
    drive.add(endless(1, 16, 40), endless(2, 14, 40), endless(3, 3, 40))
    expect(stepIds(drive)).toEqual([1, 2, 3])
    expect(drive.scheduler.preemptLast()?.id).toBe(3)
    expect(drive.scheduler.preemptLast()?.id).toBe(2)
    expect([drive.scheduler.numRunning, drive.scheduler.numWaiting, drive.scheduler.stats.preemptions]).toEqual([
      1, 2, 2,
    ])
    drive.drain()
  })

  test('does not compute a sequence again before its draws in flight have arrived', () => {
    const drive = new Drive(100, 8)
    const [only] = drive.add(endless(1, 4, 10))
    drive.next()
    drive.next()
    expect(drive.scheduler.preemptLast()).toBe(only)
    expect(drive.next()).toBeUndefined()
    drive.complete()
    expect(drive.next()).toBeUndefined()
    drive.complete()
    // of its prompt all but the last token is kept for it
    expect(nextChunks(drive)).toEqual([[1, 3, 3, true]])
  })

  test('puts a sequence before all that never ran', () => {
    const drive = new Drive(2, 8)
    drive.add(endless(1, 1, 10), endless(2, 1, 10), endless(3, 1, 10))
    stepIds(drive)
    drive.scheduler.preemptLast()
    drive.scheduler.preemptLast()
    expect(stepIds(drive)).toEqual([1])
    expect(drive.scheduler.preemptLast()?.id).toBe(1)
  })
})

describe('complete', () => {
  test('finishes at an end-of-sequence token, which stays the last, and drops the draws behind it', () => {
    const drive = new Drive(16, 8)
    const [only] = drive.add(sequence(1, [5], 10))
    const first = drive.scheduler.next()
    const second = drive.scheduler.next()
    if (!first || !second) throw new Error('no step')
    const drawn = { tokenId: EOS, logprob: -1 }
    expect(drive.scheduler.complete(first, [drawn])).toEqual([{ sequence: only, position: 1, drawn }])
    expect([only.tokens, only.finishReason]).toEqual([[5, EOS], 'stop'])
    expect(drive.pools[0].numFree).toBe(8)
    expect(drive.scheduler.complete(second, [{ tokenId: 7 }])).toEqual([])
    expect(only.tokens).toEqual([5, EOS])
  })

  test('goes on past an end-of-sequence token if asked', () => {
    const drive = new Drive(16, 8)
    const [only] = drive.add(endless(1, 1, 3))
    const batch = drive.scheduler.next()
    if (!batch) throw new Error('no step')
    drive.scheduler.complete(batch, [{ tokenId: EOS }])
    expect(only.isFinished).toBe(false)
  })

  test('refuses steps out of order, and other than one token for each draw', () => {
    const drive = new Drive(4, 8)
    drive.add(endless(1, 6, 10))
    const [first, second] = [drive.scheduler.next(), drive.scheduler.next()]
    if (!first || !second) throw new Error('no step')
    expect(() => drive.scheduler.complete(second, [{ tokenId: 1 }])).toThrow(InvariantViolation)
    const other = new Drive(4, 8)
    other.add(endless(1, 6, 10))
    const partial = other.scheduler.next()
    if (!partial) throw new Error('no step')
    expect(() => other.scheduler.complete(partial, [{ tokenId: 1 }])).toThrow('1 tokens drawn for 0 draws.')
  })
})

describe('finish', () => {
  test('returns the blocks at once, wherever the sequence is', () => {
    const drive = new Drive(8, 8)
    const [running, partial, waiting] = drive.add(endless(1, 2, 30), endless(2, 40, 60), endless(3, 40, 60))
    drive.next()
    drive.next()
    for (const each of [running, partial, waiting]) drive.scheduler.finish(each, 'abort')
    drive.scheduler.checkIntegrity()
    expect(drive.hasWork).toBe(false)
    expect(drive.scheduler.usedBlocks).toEqual([0])
    expect([drive.complete(), drive.complete()]).toEqual([[], []])
  })

  test('leaves the reason of a finished sequence as it is', () => {
    const drive = new Drive(8, 8)
    const [only] = drive.add(endless(1, 2, 3))
    drive.drain()
    drive.scheduler.finish(only, 'abort')
    expect(only.finishReason).toBe('length')
  })
})

describe('add', () => {
  test('refuses what could not run even alone, with the numbers', () => {
    const drive = new Drive(8, 2, 1, 64)
    const add = (promptLen: number, maxLen: number) => () => drive.add(endless(1, promptLen, maxLen))
    expect(add(0, 10)).toThrow('The prompt is empty; give at least 1 token.')
    expect(add(10, 10)).toThrow('The prompt of 10 tokens leaves no room for output within 10 tokens; shorten it.')
    expect(add(10, 65)).toThrow('may be 65 tokens long, but the context is 64;')
    expect(add(10, 34)).toThrow('may be 34 tokens long, which takes 3 blocks of 16, but the KV cache has 2;')
    expect(add(10, 34)).toThrow(InvalidRequest)
    expect(add(10, 33)).not.toThrow()
  })

  test('refuses the same sequence twice', () => {
    const drive = new Drive(8, 2)
    const [only] = drive.add(endless(1, 2, 5))
    expect(() => drive.add(only)).toThrow('Sequence 1 waits already.')
    drive.next()
    expect(() => drive.add(only)).toThrow('Sequence 1 has run already.')
  })
})

test('prompt tokens are computed once if nothing is preempted', () => {
  const drive = new Drive(16, 64)
  drive.add(endless(1, 20, 25), endless(2, 33, 40), endless(3, 1, 8))
  drive.drain(2)
  // Every drawn token but the last of each sequence is fed back.
  expect(drive.scheduler.stats).toMatchObject({ prefillTokens: 54, decodeTokens: 4 + 6 + 6, preemptions: 0 })
})
