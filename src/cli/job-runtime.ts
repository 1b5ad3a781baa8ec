import type { JobProgress, JobSummary } from '../batch'
import type { JobEngineOptions } from '../pages/job/main'
import type { Answer } from './answer-file'

/** A job, wherever it runs. */
export interface JobInput {
  /** The file with its lines. */
  readonly path: string
  /** Keys of the requests that earlier runs have answered. */
  readonly answered: ReadonlySet<string>
  /** A URL that the runtime can fetch from, or a Hugging Face id. */
  readonly model: string
  /** The model's name in responses. */
  readonly modelName: string
  readonly engine: JobEngineOptions
  readonly maxTokens: number | undefined
}

export interface JobEvents {
  onLoad(text: string): void
  /** Keeps an answer. If that throws, so does the job. */
  onAnswer(answer: Answer): void
  onProgress(progress: JobProgress): void
}

/** Runs the job somewhere; rejects with an error whose `name` is that of the engine's error. */
export type JobRuntime = (input: JobInput, events: JobEvents, signal: AbortSignal) => Promise<JobSummary>
