/**
 * `running`, here or in the tab that owns the job; `paused`, by `pause` or because storage is full; `done`: all rows are answered;
 * `cancelled`; `failed`: the engine cannot go on, and another can.
 */
export type JobState = 'running' | 'paused' | 'done' | 'cancelled' | 'failed'

/** The effort of the owner's work on a job so far. */
export interface Effort {
  /** Since it took the job over, without pauses. */
  readonly elapsedMs: number
  readonly tokensPerSecond: number
  readonly etaMs: number | undefined
  readonly computedTokens: number
  readonly savedTokens: number
}

export interface DurableProgress extends Effort {
  readonly state: JobState
  /** Whether this tab computes, or another. */
  readonly isOwner: boolean
  /** Rows of the job. */
  readonly total: number
  /** Rows answered and on disk, since the job was started. */
  readonly done: number
  /** Those of them that failed. */
  readonly failed: number
  readonly promptTokens: number
  readonly decodeTokens: number
}
