import { expect, test } from 'vitest'
import { Sequence } from '../../src/core/sequence'
import { samplingParams } from '../../src/engine/sampling-params'
import { WaitQueue } from '../../src/scheduler/wait-queue'

const params = samplingParams({}, 10)
const sequence = (id: number) => new Sequence(id, [1], params, 9, [])

/** Ids in the order in which they start. */
function drain(queue: WaitQueue): number[] {
  const ids: number[] = []
  for (let first = queue.first; first; first = queue.first) {
    ids.push(first.id)
    queue.remove(first)
  }
  return ids
}

test('the call with the fewest sequences left comes first; preempted ones and those moved to the front before all', () => {
  const queue = new WaitQueue()
  const [large, small] = [{}, {}]
  const all = [0, 1, 2, 3].map(sequence)
  for (const each of all) queue.add(each, large)
  for (const id of [4, 5]) queue.add(sequence(id), small)
  queue.addFirst(sequence(12))
  queue.moveToFront(all[2])
  expect(drain(queue)).toEqual([2, 12, 4, 5, 0, 1, 3])
})

test('a large call gets to its end beside small ones without end: one start in eight is the oldest call’s', () => {
  const queue = new WaitQueue()
  const large = Array.from({ length: 50 }, (_, id) => sequence(id))
  const job = {}
  for (const each of large) queue.add(each, job)
  let numStarts = 0
  for (let id = large.length; large.some(each => queue.has(each)); numStarts++) {
    // so that there are always calls of fewer sequences
    for (let index = 0; index < 2; index++) queue.add(sequence(id++), {})
    const next = queue.first
    if (next) queue.remove(next)
    expect(numStarts).toBeLessThan(8 * large.length)
  }
  // small ones still come first as a rule
  expect(numStarts).toBeGreaterThan(7 * large.length)
})

test('a call that is held starts once it is released, and others meanwhile', () => {
  const queue = new WaitQueue()
  const [held, other] = [{}, {}]
  for (const id of [0, 1]) queue.add(sequence(id), held, true)
  expect([queue.first, queue.size]).toEqual([undefined, 2])
  for (const id of [2, 3, 4]) queue.add(sequence(id), other)
  expect(queue.first?.id).toBe(2)
  queue.release(held)
  expect(drain(queue)).toEqual([0, 1, 2, 3, 4])
})
