/** The page in which `npm run job` runs a batch: it takes the job from the terminal and reports back to it. */
import { type JobSummary, readLines, runJob } from '../../batch'
import { createEngine, type EngineOptions } from '../../index'
import { Outbox } from './outbox'

/** The engine's options as the command line gives them: plain data. */
export type JobEngineOptions = Pick<
  EngineOptions,
  'hub' | 'cache' | 'weights' | 'kv' | 'tokenBudget' | 'blocks' | 'study'
>

interface PageJob {
  /** Where the page gets lines, and gives answers. */
  readonly channel: string
  readonly model: string
  readonly modelName: string
  readonly engine: JobEngineOptions
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
  }
}

const abort = new AbortController()
window.abortJob = () => abort.abort()

window.runJobInPage = async ({ channel, model, modelName, engine: options, maxTokens }) => {
  const { signal } = abort
  const outbox = new Outbox(`${channel}answers`, error => abort.abort(error))
  try {
    const engine = await createEngine(model, {
      ...options,
      // nobody looks at this page
      frameMs: Number.POSITIVE_INFINITY,
      signal,
      onProgress: ({ text }) => window.onLoad(text),
    })
    const answered = new Set<string>(await (await get(`${channel}answered`)).json())
    const { body } = await get(`${channel}lines`)
    const { summary } = await runJob(engine, body ? readLines(body) : [], {
      maxTokens,
      modelName,
      signal,
      isAnswered: (key, line) => {
        if (answered.has(key)) outbox.put({ key, line })
        return answered.has(key)
      },
      onResponse: (response, key) => outbox.put({ key, response }),
      onProgress: progress => outbox.report(progress),
      keepResponses: false,
    })
    engine.dispose()
    return { summary }
  } catch (error) {
    if (!(error instanceof Error)) throw error
    return { error: { name: error.name, message: error.message } }
  } finally {
    await outbox.empty
  }
}

async function get(url: string): Promise<Response> {
  const response = await fetch(url)
  if (!response.ok) throw new Error(`the terminal answers ${response.status} for ${url}`)
  return response
}
