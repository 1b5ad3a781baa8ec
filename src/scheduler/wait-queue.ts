import type { Sequence } from '../core/sequence'

/** Sequences that were added together, by one call of the engine's. */
export type Call = object

/** The sequences of a call, those that left included until their turn comes: taking from the front of a Set is slow. */
class Line {
  /** Its turn does not come before it is released. */
  isHeld = false
  #sequences: Sequence[] = []
  #first = 0
  readonly #waiting = new Set<Sequence>()

  get size(): number {
    return this.#waiting.size
  }

  get first(): Sequence {
    while (!this.#waiting.has(this.#sequences[this.#first])) this.#first++
    return this.#sequences[this.#first]
  }

  /** Its turn comes before another's. */
  isBefore(other: Line): boolean {
    return this.size < other.size
  }

  add(sequence: Sequence): void {
    this.#sequences.push(sequence)
    this.#waiting.add(sequence)
  }

  remove(sequence: Sequence): void {
    this.#waiting.delete(sequence)
  }

  reorder(order: readonly Sequence[]): void {
    // a set of all of very many takes long
    const numNamed = order.reduce((sum, sequence) => sum + Number(this.#waiting.has(sequence)), 0)
    this.#sequences = numNamed === this.size ? [...order] : [...new Set([...order, ...this.#waiting])]
    this.#first = 0
  }

  *[Symbol.iterator](): Generator<Sequence> {
    for (let at = this.#first; at < this.#sequences.length; at++) {
      if (this.#waiting.has(this.#sequences[at])) yield this.#sequences[at]
    }
  }
}

/** One start in so many is the oldest call's. */
const OLDEST_EVERY = 8

/**
 * Sequences of one class waiting to run. Preempted ones come first, having started before all others. Of the calls the one
 * with the fewest sequences left comes first, so that a small one does not wait behind a large one; but each eighth time the
 * one that was there first, so that a large one does not wait for small ones without end: n sequences of the oldest call have
 * started after 8n starts. Within a call they come in their order.
 * Everything is O(calls), except removing a preempted one (there are at most as many as ever ran at once).
 */
export class WaitQueue {
  /** Latest start first: the next to run again is the last. */
  readonly #preempted: Sequence[] = []
  readonly #lines = new Map<Call, Line>()
  readonly #callOf = new Map<Sequence, Call>()
  /** Sequences that have left, but for preempted ones. */
  #numLeft = 0

  get size(): number {
    return this.#preempted.length + this.#callOf.size
  }

  /** The next to run; undefined if none waits. */
  get first(): Sequence | undefined {
    const preempted = this.#preempted.at(-1)
    if (preempted) return preempted
    let next: Line | undefined
    for (const line of this.#lines.values()) {
      if (line.isHeld) continue
      if (!next || line.isBefore(next)) next = line
      if (this.#numLeft % OLDEST_EVERY === OLDEST_EVERY - 1) break
    }
    return next?.first
  }

  has(sequence: Sequence): boolean {
    return this.#callOf.has(sequence) || this.#preempted.includes(sequence)
  }

  /** `isHeld`: the call's turn does not come before `release`, so that thousands need not be added in one go. */
  add(sequence: Sequence, call: Call, isHeld = false): void {
    const line = this.#lines.get(call) ?? new Line()
    line.isHeld = isHeld
    this.#lines.set(call, line)
    line.add(sequence)
    this.#callOf.set(sequence, call)
  }

  release(call: Call): void {
    const line = this.#lines.get(call)
    if (line) line.isHeld = false
  }

  addFirst(sequence: Sequence): void {
    this.#preempted.push(sequence)
  }

  /** Puts one that waits before all others, as if it had been preempted. */
  moveToFront(sequence: Sequence): void {
    this.remove(sequence)
    this.addFirst(sequence)
  }

  /** Puts those of a call that have not started into this order; any not named come last. */
  reorder(call: Call, order: readonly Sequence[]): void {
    this.#lines.get(call)?.reorder(order)
  }

  /** None of a call that has not started will; each is still to be removed. */
  withdraw(call: Call): void {
    this.#lines.delete(call)
  }

  /** Does nothing if the sequence does not wait. */
  remove(sequence: Sequence): void {
    const call = this.#callOf.get(sequence)
    if (call) {
      this.#callOf.delete(sequence)
      this.#numLeft++
      const line = this.#lines.get(call)
      line?.remove(sequence)
      if (line?.size === 0) this.#lines.delete(call)
      return
    }
    const index = this.#preempted.lastIndexOf(sequence)
    if (index >= 0) this.#preempted.splice(index, 1)
  }

  *[Symbol.iterator](): Generator<Sequence> {
    yield* this.#preempted.toReversed()
    for (const line of this.#lines.values()) yield* line
  }
}
