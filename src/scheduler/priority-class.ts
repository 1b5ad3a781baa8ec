import type { Batch } from '../core/batch'
import { PRIORITIES } from '../core/priority'
import { isEditedByHistory } from '../core/sampling-params'
import type { Sequence } from '../core/sequence'
import { WaitQueue } from './wait-queue'

/** A class that can use it has one row of so many. */
const SHARE = 8
/** Steps in which higher classes run and the first of a class draws nothing, until it is overdue. */
const PATIENCE = 64

/**
 * The sequences of one class, and what they may expect of those above:
 * - A share of each step: an eighth of the budget or, of less than 8 rows, a row in one step of eight. Likewise in one step of
 *   eight the history of the first of its sequences with penalties, which a step has room for only a few of.
 * - A turn: the first of the class is overdue if it has drawn nothing in 64 steps with rows of higher classes. Then it is
 *   the next of all to start, and gives way to no one until it is finished. So those above hold it up no longer than these
 *   steps, and until those that run then are finished.
 */
export class PriorityClass {
  readonly waiting = new WaitQueue()
  /** Sequences that run, in order of their start. Each has a slot; blocks come as it grows. */
  running: Sequence[] = []
  #overdue: Sequence | undefined
  /** Steps towards `PATIENCE`. */
  #numPassed = 0

  /** `rank`: how many classes are above it. */
  constructor(readonly rank: number) {}

  get isEmpty(): boolean {
    return this.running.length + this.waiting.size === 0
  }

  /** The one that gives way to no one: the first of those that run, or of those that wait. */
  get overdue(): Sequence | undefined {
    return this.#overdue?.isFinished ? undefined : this.#overdue
  }

  /** Rows of a step that the classes above leave it. `turn`: counts the steps. */
  share(tokenBudget: number, turn: number, canAdvance: (sequence: Sequence) => boolean): number {
    const most = Math.max(Math.floor(tokenBudget / SHARE), Number(turn % SHARE === this.rank))
    let numRows = 0
    for (const sequence of this.running) {
      if (numRows >= most) break
      if (canAdvance(sequence)) numRows += sequence.numRemaining
    }
    return Math.min(numRows, most)
  }

  /** Tokens of history in a step that the classes above leave it. */
  historyShare(turn: number, canAdvance: (sequence: Sequence) => boolean): number {
    if (turn % SHARE !== this.rank) return 0
    const first = this.running.find(each => isEditedByHistory(each.params) && canAdvance(each))
    // a sequence draws if more is left than it holds
    return first ? first.length + 1 : 0
  }

  /** Takes note of a step; to be called with each that is decided. */
  account({ chunks, draws }: Batch): void {
    if (this.overdue) return
    this.#overdue = undefined
    const first = this.running[0] ?? this.waiting.first
    if (!first || draws.some(({ chunk }) => chunk.sequence === first)) this.#numPassed = 0
    else if (rankOf(chunks[0].sequence) < this.rank) this.#numPassed++
    if (!first || this.#numPassed < PATIENCE) return
    this.#overdue = first
    this.#numPassed = 0
    if (first.slot === undefined) this.waiting.moveToFront(first)
  }
}

/** How many classes are above the sequence's. */
export function rankOf({ priority }: Sequence): number {
  return PRIORITIES.indexOf(priority)
}
