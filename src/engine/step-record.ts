import type { Batch } from '../core/batch'
import type { SchedulerSnapshot } from '../scheduler/interface'
import type { StepTimes } from './step-clock'

/** A step that is done, for those who watch the loop: plain data, which no later step changes. */
export interface StepRecord {
  /** The chunks that were computed, in the order of the step's list of tokens. */
  readonly chunks: readonly {
    /** The sequence's id. */
    readonly sequence: number
    /** Position of the first token, and how many. */
    readonly start: number
    readonly count: number
  }[]
  /** Which tokens of which sequences were drawn. */
  readonly draws: readonly { readonly sequence: number; readonly position: number }[]
  /** The scheduler once the step is accounted for; tokens in flight behind it count as computed. */
  readonly scheduler: SchedulerSnapshot
  /** Where the loop's time has gone, of all steps so far. */
  readonly times: StepTimes
}

export function stepRecord({ chunks, draws }: Batch, scheduler: SchedulerSnapshot, times: StepTimes): StepRecord {
  return {
    chunks: chunks.map(({ sequence, start, count }) => ({ sequence: sequence.id, start, count })),
    draws: draws.map(({ chunk, position }) => ({ sequence: chunk.sequence.id, position })),
    scheduler,
    times: { ...times },
  }
}
