import type { BatchResponse, EngineOptions, JobProgress, JobSummary } from '../index'

/** A job as plain data, so that it can be handed to a page. */
export interface JobInput {
  readonly lines: readonly string[]
  /** A URL that the runtime can fetch from, or a Hugging Face id. */
  readonly model: string
  /** What the responses call it. */
  readonly modelName: string
  readonly engine: Pick<
    EngineOptions,
    'hub' | 'cache' | 'weights' | 'kv' | 'tokenBudget' | 'blocks' | 'sharing' | 'attention' | 'order'
  >
  readonly maxTokens: number | undefined
}

export interface JobEvents {
  onLoad(text: string): void
  onResponse(response: BatchResponse): void
  onProgress(progress: JobProgress): void
}

/** Runs the job somewhere; rejects with an error whose `name` is that of the engine's error. */
export type JobRuntime = (input: JobInput, events: JobEvents, signal: AbortSignal) => Promise<JobSummary>
