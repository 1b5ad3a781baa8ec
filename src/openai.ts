/**
 * `coppice/openai`: an engine by OpenAI's names, and a `fetch` that answers as OpenAI's server would.
 *
 *     const { chat } = openai(engine)
 *     const client = new OpenAI({ fetch: openai(engine).fetch, apiKey: '-' })
 */
export { type CallOptions, type OpenAiClient, type OpenAiOptions, openai } from './api/openai/client'
export type {
  ChatCompletion,
  ChatCompletionChunk,
  ChatCompletionParams,
  ChatMessage,
  Completion,
  CompletionChunk,
  CompletionParams,
  CreateEmbeddingResponse,
  EmbeddingParams,
  Model,
  Usage,
} from './api/openai-types'
export { RefusedRequest } from './api/refused-request'
