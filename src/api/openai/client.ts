import { InvalidRequest } from '../../core/errors'
import type { Engine } from '../../engine/interface'
import { samplingParams } from '../../engine/sampling-params'
import { requestModel } from '../api-request'
import type {
  ChatCompletion,
  ChatCompletionChunk,
  ChatCompletionParams,
  Completion,
  CompletionChunk,
  CompletionParams,
  Model,
  RequestDefaults,
} from '../openai-types'
import type { ToolFormatName } from '../tools/formats'
import { answerInChunks, type Chunk } from './chunks'
import { handle, modelOf, modelsOf } from './handle'
import { readFor, type Served } from './served'
import { answerWhole } from './whole'

export interface OpenAiOptions {
  /** The model's name in requests and answers; default: the engine's. */
  readonly model?: string
  /** Parameters of requests that leave them out. Default: temperature 1; 1024 tokens in a chat, 16 in a completion. */
  readonly defaults?: RequestDefaults
  /** How the model writes calls of tools; default: as its chat template teaches it. */
  readonly toolFormat?: ToolFormatName
}

export interface CallOptions {
  readonly signal?: AbortSignal
}

/** An endpoint's `create`: with `stream: true` it resolves with the pieces of the answer, as soon as the first is there. */
interface Create<Params, Whole, Piece> {
  create(params: Params & { readonly stream: true }, options?: CallOptions): Promise<AsyncIterable<Piece>>
  create(params: Params & { readonly stream?: false | null }, options?: CallOptions): Promise<Whole>
  create(params: Params, options?: CallOptions): Promise<Whole | AsyncIterable<Piece>>
}

/** An engine by OpenAI's names. What throws there throws here the engine's own errors, refusals with `param` and `code`. */
export interface OpenAiClient {
  readonly chat: { readonly completions: Create<ChatCompletionParams, ChatCompletion, ChatCompletionChunk> }
  readonly completions: Create<CompletionParams, Completion, CompletionChunk>
  readonly models: {
    list(): Promise<{ object: 'list'; data: Model[] }>
    retrieve(id: string): Promise<Model>
  }
  /** Answers as OpenAI's server would, whatever the request's host: for clients that take a `fetch`. */
  fetch(input: string | URL | Request, init?: RequestInit): Promise<Response>
}

/**
 * Offers an engine by OpenAI's names, wherever it runs. Requests that come side by side are computed side by side.
 * @throws InvalidRequest for an option that is unknown or out of range
 *
 *     const { chat } = openai(engine)
 *     const { choices } = await chat.completions.create({ messages: [{ role: 'user', content: 'Hi' }] })
 */
export function openai(engine: Engine, options: OpenAiOptions = {}): OpenAiClient {
  const { model = engine.modelName, defaults = {}, toolFormat, ...others } = options
  const [unknown] = Object.keys(others)
  if (unknown) throw new InvalidRequest(`Unknown option ${unknown}. Known are model, defaults, toolFormat.`)
  samplingParams(defaults, engine.config.vocabSize, param => `defaults.${param}`)
  const served: Served = {
    engine,
    model,
    defaults,
    requestModel: requestModel(engine, toolFormat),
    since: Math.floor(Date.now() / 1000),
  }
  const create = (kind: 'chat' | 'completion') => {
    return async (params: object, { signal }: CallOptions = {}): Promise<never> => {
      const request = readFor(served, params, kind)
      const answer: AsyncIterable<Chunk> | ChatCompletion | Completion = request.stream
        ? await answerInChunks(served, request, signal)
        : await answerWhole(served, request, signal)
      // which of them `params` says, as the types of `create` know
      return answer as never
    }
  }
  return {
    chat: { completions: { create: create('chat') } },
    completions: { create: create('completion') },
    models: {
      list: async () => modelsOf(served),
      retrieve: async id => modelOf(served, id),
    },
    fetch: (input, init) => handle(served, new Request(input, init)),
  }
}
