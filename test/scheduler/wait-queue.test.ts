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

test('calls of higher priority come first, of the same the one with the fewest sequences left; preempted ones before all', () => {
  const queue = new WaitQueue()
  const [large, small, urgent, idle] = [{}, {}, {}, {}]
  for (const id of [0, 1, 2, 3]) queue.add(sequence(id), large)
  for (const id of [4, 5]) queue.add(sequence(id), small)
  queue.add(sequence(6), idle, -1)
  for (const id of [7, 8, 9, 10, 11]) queue.add(sequence(id), urgent, 0.5)
  queue.addFirst(sequence(12))
  expect(drain(queue)).toEqual([12, 7, 8, 9, 10, 11, 4, 5, 0, 1, 2, 3, 6])
})
