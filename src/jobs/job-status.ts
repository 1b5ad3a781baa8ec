import { CoppiceError } from '../core/errors'
import { NO_EFFORT } from './effort-clock'
import type { Effort, JobState } from './progress'
import { Signal } from './signal'

/** The state of a job as it is known here: its owner says it, and the others hear of it. */
export class JobStatus {
  state: JobState = 'running'
  /** The reason why the job is paused or failed, if nobody asked for that. */
  error: Error | undefined
  effort: Effort = NO_EFFORT
  readonly changed = new Signal()

  is(...states: readonly JobState[]): boolean {
    return states.includes(this.state)
  }

  set(state: JobState, error?: unknown): void {
    this.state = state
    this.error = error === undefined || error instanceof Error ? error : new CoppiceError(String(error))
  }
}
