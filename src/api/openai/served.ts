import type { Engine } from '../../engine/interface'
import type { AnswerHead } from '../answer'
import { type ApiRequest, type RequestModel, readApiRequest } from '../api-request'
import type { RequestDefaults } from '../openai-types'
import { RefusedRequest } from '../refused-request'
import type { RequestKind } from '../request-fields'

/** The parts of an engine that answering takes: it may be in a worker, or further away. */
export type ServingEngine = Pick<Engine, 'modelName' | 'config' | 'chatTemplate' | 'memory' | 'generate' | 'tokenize'>

/** An engine, its model's name in requests, and parameters of those that leave them out. */
export interface Served {
  readonly engine: ServingEngine
  readonly model: string
  readonly defaults: RequestDefaults
  /** What requests are read by. */
  readonly requestModel: RequestModel
  /** When it began to serve, in seconds since 1970. */
  readonly since: number
}

/** Tokens of an answer where its request says nothing: OpenAI's for completions. */
const MAX_TOKENS: Readonly<Record<RequestKind, number>> = { chat: 1024, completion: 16 }

/** OpenAI's default. */
const TEMPERATURE = 1

/** Reads a request for this model. @throws RefusedRequest */
export function readFor({ requestModel, model }: Served, body: unknown, kind: RequestKind): ApiRequest {
  const request = readApiRequest(body, kind, requestModel)
  if (request.model !== undefined) checkModel(request.model, model)
  return request
}

/** @throws RefusedRequest for any model but the one that is there */
export function checkModel(asked: string, model: string): void {
  if (asked === model) return
  const message = `The model \`${asked}\` does not exist here; there is \`${model}\`.`
  throw new RefusedRequest(message, 'model', 'model_not_found')
}

/** Begins the answers to a request: so many to each prompt, one after another, which share its computation. */
export function begin(
  { engine, defaults }: Served,
  { kind, prompts, params, numChoices, stream }: ApiRequest,
  options: { readonly signal?: AbortSignal; readonly onText?: (text: string, index: number) => void },
) {
  const seed = params.seed ?? Math.floor(Math.random() * 2 ** 32)
  const { maxTokens = MAX_TOKENS[kind], temperature = TEMPERATURE } = defaults
  const indices = [...prompts.keys()].flatMap(prompt => new Array<number>(numChoices).fill(prompt))
  return engine.generate(
    indices.map(index => prompts[index]),
    // as in vLLM, each choice draws by a seed of its own
    indices.map((_, index) => ({ maxTokens, temperature, ...params, seed: (seed + (index % numChoices)) >>> 0 })),
    { ...options, priority: stream ? 'interactive' : 'normal' },
  )
}

/** The head of the answer to a request, with an id of its own. */
export function headOf({ model }: Served, { kind }: ApiRequest): AnswerHead {
  const id = `${kind === 'chat' ? 'chatcmpl' : 'cmpl'}-${crypto.randomUUID().replaceAll('-', '')}`
  return { id, created: Math.floor(Date.now() / 1000), model }
}
