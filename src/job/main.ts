/** The page in which `npm run job` runs a batch: it takes the job from the terminal and reports back to it. */
import {
  type BatchResponse,
  createEngine,
  type EngineOptions,
  type JobProgress,
  type JobSummary,
  runJob,
} from '../index'

interface PageJob {
  readonly lines: readonly string[]
  readonly model: string
  readonly modelName: string
  readonly engine: Pick<
    EngineOptions,
    'hub' | 'cache' | 'weights' | 'kv' | 'tokenBudget' | 'blocks' | 'sharing' | 'attention' | 'order' | 'tuning'
  >
  readonly maxTokens: number | undefined
}

/** Errors as plain data: an `Error` does not survive the way to the terminal. */
type Outcome =
  | { readonly summary: JobSummary }
  | { readonly error: { readonly name: string; readonly message: string } }

declare global {
  interface Window {
    runJobInPage(job: PageJob): Promise<Outcome>
    abortJob(): void
    /** Given by the terminal. */
    onLoad(text: string): void
    onResponse(response: BatchResponse): void
    onProgress(progress: JobProgress): void
  }
}

const abort = new AbortController()
window.abortJob = () => abort.abort()

window.runJobInPage = async ({ lines, model, modelName, engine: options, maxTokens }) => {
  const { signal } = abort
  try {
    const engine = await createEngine(model, { ...options, signal, onProgress: ({ text }) => window.onLoad(text) })
    const { onResponse, onProgress } = window
    const { summary } = await runJob(engine, lines, { maxTokens, modelName, signal, onResponse, onProgress })
    engine.dispose()
    return { summary }
  } catch (error) {
    if (!(error instanceof Error)) throw error
    return { error: { name: error.name, message: error.message } }
  }
}
