import type { JobPlan } from '../planner/plan-job'
import type { StepTimes } from './step-clock'

/**
 * What those are told who watch an engine, in plain data that nobody changes later. The first event is a `snapshot`; all but
 * `step` say how things stand now, so that what was before can be left out. `coppice/watch` makes the state of them.
 */
export type EngineEvent =
  | ({ readonly kind: 'snapshot' } & EngineSnapshot)
  | CallEvent
  | CallEndEvent
  | TreeEvent
  | BlocksEvent
  | CountsEvent
  | StepEvent

/** A call is planned: its prompts' sequences have the ids from `first` on, in their order. Those that cannot run are never seen. */
export interface CallEvent {
  readonly kind: 'call'
  readonly first: number
  readonly size: number
  readonly plan: JobPlan
}

/** Nothing of a call waits or runs any more. */
export interface CallEndEvent {
  readonly kind: 'call-end'
  readonly first: number
}

/** Runs of the prefix tree that are new or have changed, those that are gone, and where sequences now claim to. */
export interface TreeEvent extends TreeRows {
  readonly kind: 'tree'
  readonly removed: Int32Array<ArrayBuffer>
  /** [sequences, 2] A sequence, and the run up to which it claims its tokens; 0: none any more. */
  readonly claims: Int32Array<ArrayBuffer>
}

/** Runs of the prefix tree in numbers. */
export interface TreeRows {
  /**
   * [runs, 7 + KV groups] Of each its id, that of the run above (0: none), the positions of its first token and after its last,
   * how many of its tokens are computed, how many sequences claim it and how many of these run; and how many blocks it holds in each
   * group.
   */
  readonly runs: Int32Array<ArrayBuffer>
  /** These blocks, run by run, in it group by group. */
  readonly blocks: Int32Array<ArrayBuffer>
}

/** [KV groups] [blocks, 2] Blocks, and how many tables now name them: those of running sequences and of runs of the tree. */
export interface BlocksEvent {
  readonly kind: 'blocks'
  readonly changed: readonly Int32Array<ArrayBuffer>[]
}

/** Counts as they are now. */
export interface CountsEvent extends Counts {
  readonly kind: 'counts'
}

export interface Counts {
  readonly running: number
  readonly waiting: number
  /** [KV groups] Blocks that running sequences hold or that are kept for waiting ones. */
  readonly usedBlocks: readonly number[]
  /** [KV groups] Blocks that are only remembered: free for the asking. */
  readonly idleBlocks: readonly number[]
  /** So far, as in `EngineStats`: steps that are decided, those in flight included, and what was computed in them. */
  readonly steps: number
  readonly preemptions: number
  readonly prefillTokens: number
  readonly savedTokens: number
  readonly decodeTokens: number
}

/** A step is done. Of many that a busy listener had no time for, only the last are told: their numbers leave a gap. */
export interface StepEvent {
  readonly kind: 'step'
  /** From 1 on. */
  readonly step: number
  /** Milliseconds since 1970, on the clock of the engine's thread. */
  readonly at: number
  /** Rows, and the most there may be. */
  readonly numTokens: number
  readonly budget: number
  /** [chunks, 4] A sequence, the position of its first token in the step, how many there are, and how many tokens it drew. */
  readonly chunks: Int32Array<ArrayBuffer>
  /** Sequences that ended with a token of this step. */
  readonly ended: Int32Array<ArrayBuffer>
  /** Where the loop's time went since the step before, in milliseconds. */
  readonly times: StepTimes
}

/** All that is known to those who watch, at one moment. */
export interface EngineSnapshot {
  readonly tree: TreeRows
  /** [sequences, 2] As in `TreeEvent`. */
  readonly claims: Int32Array<ArrayBuffer>
  /** [KV groups] [blocks] How many tables name each block. */
  readonly refCounts: readonly Uint32Array<ArrayBuffer>[]
  readonly counts: Counts
  /** Calls that are planned and not at their end. */
  readonly calls: readonly CallEvent[]
}

/**
 * Is told of an engine's events, all at once that belong together. While a promise that it returns is pending it is told
 * nothing, and then of all that happened meanwhile at once.
 */
export type EngineListener = (events: readonly EngineEvent[]) => void | Promise<void>
