import { expect, test } from 'vitest'
import { EvictionQueue } from '../../src/kv/eviction-queue'
import { newRun, type Run } from '../../src/kv/prefix-run'
import { RadixNode } from '../../src/kv/radix-tree'
import { forEachSeed } from '../support/for-each-seed'

/** A leaf of one token that nobody claims. */
function leaf(lastUsed: number): RadixNode<Run> {
  return new RadixNode<Run>(undefined, [0], 0, 1, { ...newRun(1), numComputed: 1, lastUsed })
}

test('runs come least recently used first, whatever the order they came in', () => {
  forEachSeed(50, ({ int }) => {
    const queue = new EvictionQueue()
    const nodes = Array.from({ length: int(1, 40) }, () => leaf(int(0, 100)))
    for (const node of nodes) queue.push(node)
    const times = nodes.map(() => queue.pop()?.value.lastUsed)
    expect(times).toEqual(nodes.map(({ value }) => value.lastUsed).sort((a, b) => a - b))
    expect(queue.pop()).toBeUndefined()
  })
})

test('a run that was used meanwhile waits for its new turn, and one that is claimed is passed over', () => {
  const queue = new EvictionQueue()
  const [used, claimed, other] = [leaf(1), leaf(2), leaf(3)]
  for (const node of [used, claimed, other]) queue.push(node)
  used.value.lastUsed = 4
  claimed.value.claims = 1
  expect([queue.pop(), queue.pop(), queue.pop()]).toEqual([other, used, undefined])
})
