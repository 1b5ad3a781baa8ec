/** The page in which `npm run serve` holds its engine: requests come from the terminal, and answers go back to it. */
import { createEngine, type EngineOptions } from '../../index'
import { type OpenAiClient, openai } from '../../openai'

interface PageEngine {
  readonly model: string
  readonly modelName: string
  /** Plain data. */
  readonly engine: EngineOptions
  readonly maxTokens: number | undefined
}

interface PageRequest {
  readonly id: number
  readonly method: string
  readonly url: string
  readonly body: string
}

/** Errors as plain data: an `Error` does not survive the way to the terminal. */
interface Failure {
  readonly name: string
  readonly message: string
}

declare global {
  interface Window {
    /** Resolves when there is an engine, or with why there is none. */
    openEngine(engine: PageEngine): Promise<Failure | undefined>
    /** Resolves when the answer is given. */
    answerRequest(request: PageRequest): Promise<void>
    leaveRequest(id: number): void
    /** Given by the terminal. */
    onLoad(text: string): void
    onLost(failure: Failure): void
    onHead(id: number, head: { status: number; headers: [string, string][] }): Promise<void>
    onPiece(id: number, text: string): Promise<void>
  }
}

let client: OpenAiClient
const requests = new Map<number, AbortController>()

window.openEngine = async ({ model, modelName, engine: options, maxTokens }) => {
  try {
    const engine = await createEngine(model, {
      ...options,
      // nobody looks at this page
      frameMs: Number.POSITIVE_INFINITY,
      onProgress: ({ text }) => window.onLoad(text),
    })
    void engine.lost.then(({ name, message }) => window.onLost({ name, message }))
    client = openai(engine, { model: modelName, defaults: { maxTokens } })
    return undefined
  } catch (error) {
    if (!(error instanceof Error)) throw error
    return { name: error.name, message: error.message }
  }
}

window.answerRequest = async ({ id, method, url, body }) => {
  const left = new AbortController()
  requests.set(id, left)
  try {
    const init = { method, signal: left.signal, ...(body === '' ? {} : { body }) }
    const { status, headers, body: pieces } = await client.fetch(url, init)
    await window.onHead(id, { status, headers: [...headers] })
    const reader = pieces?.pipeThrough(new TextDecoderStream()).getReader()
    for (let next = await reader?.read(); next && !next.done; next = await reader?.read()) {
      await window.onPiece(id, next.value)
    }
  } finally {
    left.abort()
    requests.delete(id)
  }
}

window.leaveRequest = id => requests.get(id)?.abort()
