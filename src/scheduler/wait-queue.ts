import type { Sequence } from '../core/sequence'

/** Sequences that were added together, by one call of the engine's. */
export type Call = object

/**
 * Sequences waiting to run. Preempted ones come first, having started before all others. Of the calls, the one with the
 * fewest sequences left comes first, so that a chat does not wait behind a job; within a call they come in their order.
 * Everything is O(calls), except removing a preempted one (there are at most as many as ever ran at once).
 */
export class WaitQueue {
  /** Latest start first: the next to run again is the last. */
  readonly #preempted: Sequence[] = []
  readonly #calls = new Map<Call, Set<Sequence>>()
  readonly #callOf = new Map<Sequence, Call>()

  get size(): number {
    return this.#preempted.length + this.#callOf.size
  }

  /** The next to run; undefined if none waits. */
  get first(): Sequence | undefined {
    const preempted = this.#preempted.at(-1)
    if (preempted) return preempted
    let fewest: Set<Sequence> | undefined
    for (const sequences of this.#calls.values()) {
      if (!fewest || sequences.size < fewest.size) fewest = sequences
    }
    return fewest?.values().next().value
  }

  has(sequence: Sequence): boolean {
    return this.#callOf.has(sequence) || this.#preempted.includes(sequence)
  }

  add(sequence: Sequence, call: Call): void {
    const sequences = this.#calls.get(call) ?? new Set()
    this.#calls.set(call, sequences.add(sequence))
    this.#callOf.set(sequence, call)
  }

  addFirst(sequence: Sequence): void {
    this.#preempted.push(sequence)
  }

  /** Puts those of a call that have not started into this order; any not named come last. */
  reorder(call: Call, order: readonly Sequence[]): void {
    const waiting = this.#calls.get(call)
    if (!waiting) return
    const named = order.filter(sequence => waiting.has(sequence))
    this.#calls.set(call, new Set([...named, ...waiting]))
  }

  /** Does nothing if the sequence does not wait. */
  remove(sequence: Sequence): void {
    const call = this.#callOf.get(sequence)
    if (call) {
      this.#callOf.delete(sequence)
      const sequences = this.#calls.get(call)
      sequences?.delete(sequence)
      if (sequences?.size === 0) this.#calls.delete(call)
      return
    }
    const index = this.#preempted.lastIndexOf(sequence)
    if (index >= 0) this.#preempted.splice(index, 1)
  }

  *[Symbol.iterator](): Generator<Sequence> {
    yield* this.#preempted.toReversed()
    for (const sequences of this.#calls.values()) yield* sequences
  }
}
