import type { Batch } from '../core/batch'
import { PRIORITIES } from '../core/priority'
import type { Sequence } from '../core/sequence'
import { PriorityClass, rankOf } from './priority-class'

/** All sequences that wait or run, by their classes: who is next, and who gives way to whom. */
export class PriorityClasses {
  /** The classes, highest first. */
  readonly all = PRIORITIES.map((_, rank) => new PriorityClass(rank))
  #turn = 0

  get numWaiting(): number {
    return this.all.reduce((sum, { waiting }) => sum + waiting.size, 0)
  }

  get numRunning(): number {
    return this.all.reduce((sum, { running }) => sum + running.length, 0)
  }

  /** Sequences that run, in order of their class, in it of their start. */
  get running(): Sequence[] {
    return this.all.flatMap(({ running }) => running)
  }

  get waiting(): Sequence[] {
    return this.all.flatMap(({ waiting }) => [...waiting])
  }

  /** The class whose first is the next to start: one that is overdue, else the highest; undefined if nobody waits. */
  get nextToStart(): PriorityClass | undefined {
    const overdue = this.all.find(each => each.overdue && each.overdue.slot === undefined)
    return overdue ?? this.all.find(({ waiting }) => waiting.first)
  }

  of(sequence: Sequence): PriorityClass {
    return this.all[rankOf(sequence)]
  }

  hasLower(sequence: Sequence): boolean {
    return this.all.some(each => each.rank > rankOf(sequence) && !each.isEmpty)
  }

  /** Sequences that run and give way to the given one, in the order in which they do: lowest class first, in it the last to start. */
  givingWayTo(sequence: Sequence): Sequence[] {
    const lower = this.all.slice(rankOf(sequence) + 1)
    return lower.flatMap(({ running, overdue }) => running.filter(each => each !== overdue)).reverse()
  }

  /** Rows of a step that a class leaves those below it. */
  sharesBelow({ rank }: PriorityClass, tokenBudget: number, canAdvance: (sequence: Sequence) => boolean): number {
    const shares = this.all.slice(rank + 1).map(each => each.share(tokenBudget, this.#turn, canAdvance))
    return shares.reduce((sum, share) => sum + share, 0)
  }

  /** Tokens of history in a step that a class leaves those below it. */
  historyBelow({ rank }: PriorityClass, canAdvance: (sequence: Sequence) => boolean): number {
    return Math.max(0, ...this.all.slice(rank + 1).map(each => each.historyShare(this.#turn, canAdvance)))
  }

  /** Takes note of a step; to be called with each that is decided. */
  account(batch: Batch): void {
    this.#turn++
    for (const each of this.all) each.account(batch)
  }

  dropEnded(): void {
    for (const each of this.all) each.running = each.running.filter(sequence => !sequence.isFinished)
  }
}
