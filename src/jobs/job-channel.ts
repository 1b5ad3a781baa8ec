import { type PlainError, toPlainError } from '../core/plain-error'
import type { Effort, JobState } from './progress'

/** A message between tabs about a job. */
export type JobMessage =
  /** The owner: this segment of the log has grown, or nothing has but the state. */
  | { readonly type: 'news'; readonly segment?: string; readonly news: JobNews }
  /** One that watches has come, and knows of nothing. */
  | { readonly type: 'hello' }
  /** An order of one that watches, for the owner. */
  | { readonly type: 'order'; readonly order: JobOrder }

export type JobOrder = 'pause' | 'resume' | 'cancel'

/** The part of a job's progress that only its owner knows. */
export interface JobNews {
  readonly state: JobState
  readonly error: PlainError | undefined
  readonly effort: Effort
}

/** The tabs of this origin that have a job open; nobody, where the platform has no such channels. */
export class JobChannel {
  readonly #channel: BroadcastChannel | undefined

  constructor(name: string, receive: (message: JobMessage) => void) {
    if (typeof BroadcastChannel === 'undefined') return
    this.#channel = new BroadcastChannel(name)
    this.#channel.onmessage = ({ data }: MessageEvent<JobMessage>) => receive(data)
    // in Node: what only listens is no reason to stay
    ;(this.#channel as { unref?(): void }).unref?.()
  }

  post(message: JobMessage): void {
    this.#channel?.postMessage(message)
  }

  close(): void {
    this.#channel?.close()
  }
}

export function newsOf(state: JobState, error: unknown, effort: Effort): JobNews {
  return { state, error: error === undefined ? undefined : toPlainError(error), effort }
}
