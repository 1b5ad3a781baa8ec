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
