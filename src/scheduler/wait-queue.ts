import type { Sequence } from '../core/sequence'

/**
 * Sequences waiting to run, in order of arrival. Preempted ones arrived before all that never ran, so they go to the
 * front. Everything is O(1), except removing a preempted one (there are at most as many as ever ran at once).
 */
export class WaitQueue {
  /** Latest arrival first: the next to run again is the last. */
  readonly #preempted: Sequence[] = []
  readonly #fresh = new Set<Sequence>()

  get size(): number {
    return this.#preempted.length + this.#fresh.size
  }

  /** The sequence that arrived first; undefined if none waits. */
  get first(): Sequence | undefined {
    return this.#preempted.at(-1) ?? this.#fresh.values().next().value
  }

  has(sequence: Sequence): boolean {
    return this.#fresh.has(sequence) || this.#preempted.includes(sequence)
  }

  add(sequence: Sequence): void {
    this.#fresh.add(sequence)
  }

  addFirst(sequence: Sequence): void {
    this.#preempted.push(sequence)
  }

  /** Does nothing if the sequence does not wait. */
  remove(sequence: Sequence): void {
    if (this.#fresh.delete(sequence)) return
    const index = this.#preempted.lastIndexOf(sequence)
    if (index >= 0) this.#preempted.splice(index, 1)
  }

  *[Symbol.iterator](): Generator<Sequence> {
    yield* this.#preempted.toReversed()
    yield* this.#fresh
  }
}
