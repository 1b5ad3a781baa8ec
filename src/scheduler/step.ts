import type { Sequence } from '../core/sequence'

/**
 * The step being decided: how many tokens each sequence computes. No sequence's counters move until it is final, so one
 * that is preempted meanwhile simply leaves it.
 */
export class Step {
  /** Tokens that still fit in the budget; never negative. */
  room: number
  readonly #counts = new Map<Sequence, number>()

  constructor(tokenBudget: number) {
    this.room = tokenBudget
  }

  get isEmpty(): boolean {
    return this.#counts.size === 0
  }

  /** Gives the sequence as many of its remaining tokens as there is room for; it must not be in the step yet. */
  add(sequence: Sequence): void {
    const count = Math.min(sequence.numRemaining, this.room)
    if (count === 0) return
    this.#counts.set(sequence, count)
    this.room -= count
  }

  /** Does nothing if the sequence is not in the step. */
  remove(sequence: Sequence): void {
    this.room += this.#counts.get(sequence) ?? 0
    this.#counts.delete(sequence)
  }

  /** Sequences and their token counts, in the order they were added. */
  [Symbol.iterator](): Iterator<[Sequence, number]> {
    return this.#counts.entries()
  }
}
