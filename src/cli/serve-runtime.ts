import type { Answer } from './http-server'
import type { ServeEngineOptions } from './serve-options'

/** An engine to serve, wherever it runs. */
export interface ServeInput {
  /** A URL that the runtime can fetch from, or a Hugging Face id. */
  readonly model: string
  /** The model's name to those who ask. */
  readonly modelName: string
  readonly engine: ServeEngineOptions
  /** Tokens for requests that do not say how many. */
  readonly maxTokens: number | undefined
}

/**
 * Opens the engine, hands what answers its requests to `use`, and disposes it when that is done. Rejects with an error whose `name` is that
 * of the engine's error, as soon as the engine is lost.
 */
export type ServeRuntime = (
  input: ServeInput,
  onLoad: (text: string) => void,
  signal: AbortSignal,
  use: (answer: Answer) => Promise<void>,
) => Promise<void>
