import type { Drawn } from '../core/batch'
import type { Sequence } from '../core/sequence'
import type { BlockPool } from '../kv/block-pool'
import type { Share } from '../kv/share'
import type { Call } from './wait-queue'

export interface SchedulerOptions {
  /** For each KV group. */
  readonly pools: readonly BlockPool[]
  /** Token ids are below this. */
  readonly vocabSize: number
  /** Most tokens in a step. */
  readonly tokenBudget: number
  /** Most tokens in a sequence. */
  readonly contextLength: number
  /** Most steps that are decided before the first of them completes; with more, sequences may be preempted. Default 1. */
  readonly stepsInFlight?: number
  /** Most tokens that the drawing sequences of a step with penalties may hold together, one sequence's at least. */
  readonly historyTokens?: number
}

export interface AddOptions {
  /** Claimed at once. */
  readonly share?: Share
  /** Sequences that were added together. */
  readonly call?: Call
  /** None of the call starts before it is released. */
  readonly isHeld?: boolean
}

/** A draw that arrived and was appended to its sequence, or what was read in its prompt. */
export interface Completed {
  readonly sequence: Sequence
  /** Of the token drawn, or of the prompt's that stands there; from the sequence's start. */
  readonly position: number
  readonly drawn: Drawn
}

/** Counts of what has been scheduled so far. Recomputation after a preemption counts again. */
export interface SchedulerStats {
  steps: number
  preemptions: number
  /** Tokens of prompts. */
  prefillTokens: number
  /** Tokens of prompts that were not computed because their blocks existed. */
  savedTokens: number
  /** Tokens that were drawn and then fed back. */
  decodeTokens: number
}
