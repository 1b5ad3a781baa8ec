import type { Run } from './prefix-run'
import type { RadixNode } from './radix-tree'

interface Entry {
  readonly node: RadixNode<Run>
  readonly lastUsed: number
}

/**
 * Runs that may be evicted, least recently used first: a binary heap with at most one entry a node. When its turn comes,
 * one that was used again since goes back in its new place, and one that was claimed or grew children is passed over.
 */
export class EvictionQueue {
  readonly #heap: Entry[] = []

  push(node: RadixNode<Run>): void {
    if (node.value.isQueued) return
    node.value.isQueued = true
    const heap = this.#heap
    let at = heap.length
    heap.push({ node, lastUsed: node.value.lastUsed })
    for (let above = (at - 1) >> 1; at > 0 && heap[above].lastUsed > heap[at].lastUsed; above = (at - 1) >> 1) {
      swap(heap, at, above)
      at = above
    }
  }

  /** Takes the leaf out that was not used for the longest time; undefined if there is none. */
  pop(): RadixNode<Run> | undefined {
    for (let entry = this.#takeFirst(); entry; entry = this.#takeFirst()) {
      const { node, lastUsed } = entry
      const { value } = node
      value.isQueued = false
      if (value.claims > 0 || value.numComputed === 0 || !node.isLeaf) continue
      if (value.lastUsed === lastUsed) return node
      this.push(node)
    }
    return undefined
  }

  #takeFirst(): Entry | undefined {
    const heap = this.#heap
    if (heap.length > 1) swap(heap, 0, heap.length - 1)
    const first = heap.pop()
    for (let at = 0; ; ) {
      const [left, right] = [2 * at + 1, 2 * at + 2]
      let least = at
      if (left < heap.length && heap[left].lastUsed < heap[least].lastUsed) least = left
      if (right < heap.length && heap[right].lastUsed < heap[least].lastUsed) least = right
      if (least === at) return first
      swap(heap, at, least)
      at = least
    }
  }
}

function swap(heap: Entry[], a: number, b: number): void {
  const entry = heap[a]
  heap[a] = heap[b]
  heap[b] = entry
}
