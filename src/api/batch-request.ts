import { InvalidRequest } from '../core/errors'
import type { Message, Prompt } from '../engine/prompt'
import type { GenerationParams } from '../engine/sampling-params'

/** One line of a job: what to generate, and how to answer. */
export interface BatchRequest {
  /** Line of the input, from 1. */
  readonly line: number
  readonly customId: string
  readonly kind: 'completion' | 'chat'
  readonly prompt: Prompt
  readonly params: GenerationParams
  /** The answer says which tokens the prompt and the output are. */
  readonly returnTokenIds: boolean
}

/** The endpoints of OpenAI's Batch API that a line may name. */
const KINDS: ReadonlyMap<unknown, BatchRequest['kind']> = new Map([
  ['/v1/completions', 'completion'],
  ['/v1/chat/completions', 'chat'],
])

/** Body fields with one meaning here: the engine's own names for them. */
const PARAMS: ReadonlyMap<string, keyof GenerationParams> = new Map([
  ['max_tokens', 'maxTokens'],
  ['max_completion_tokens', 'maxTokens'],
  ['temperature', 'temperature'],
  ['top_k', 'topK'],
  ['top_p', 'topP'],
  ['min_p', 'minP'],
  ['seed', 'seed'],
  ['repetition_penalty', 'repetitionPenalty'],
  ['presence_penalty', 'presencePenalty'],
  ['frequency_penalty', 'frequencyPenalty'],
  ['logit_bias', 'logitBias'],
  ['stop', 'stop'],
  ['ignore_eos', 'ignoreEos'],
])

/** Body fields that say nothing about the tokens: who asked, and for which of several models. */
const NOTES = new Set(['model', 'user', 'metadata', 'store', 'service_tier'])

/** Body fields whose only supported value is the one that changes nothing. */
const FIXED: ReadonlyMap<string, unknown> = new Map<string, unknown>([
  ['n', 1],
  ['stream', false],
  ['echo', false],
  ['best_of', 1],
  ['suffix', null],
])

/** Fields handled one by one. */
const OWN = new Set(['prompt', 'messages', 'logprobs', 'top_logprobs', 'return_token_ids'])

type Fields = Readonly<Record<string, unknown>>

/**
 * Reads one line of a job: an OpenAI Batch request `{custom_id, method, url, body}`, or a bare body with `prompt` or
 * `messages`. Names of parameters are OpenAI's and vLLM's.
 * @throws InvalidRequest that names the line and what is wrong with it
 */
export function parseBatchRequest(text: string, line: number): BatchRequest {
  try {
    return readRequest(parseObject(text), line)
  } catch (error) {
    if (!(error instanceof InvalidRequest)) throw error
    throw new InvalidRequest(`Line ${line}: ${error.message}`, { cause: error })
  }
}

/** The `custom_id` of a line if it has one, so that also a bad line's answer can be told apart. */
export function customIdOf(text: string, line: number): string {
  try {
    const { custom_id: id } = parseObject(text)
    if (typeof id === 'string') return id
  } catch (error) {
    if (!(error instanceof InvalidRequest)) throw error
  }
  return `request-${line}`
}

function parseObject(text: string): Fields {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (cause) {
    throw new InvalidRequest(`this is not JSON (${String(cause)}).`, { cause })
  }
  if (!isObject(value)) throw new InvalidRequest('a request is a JSON object, with `prompt`, `messages` or `body`.')
  return value
}

function isObject(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function readRequest(request: Fields, line: number): BatchRequest {
  const { custom_id: customId = `request-${line}`, method = 'POST', url, body: wrapped, ...bare } = request
  if (typeof customId !== 'string') throw new InvalidRequest('`custom_id` must be a text.')
  if (method !== 'POST') throw new InvalidRequest(`\`method\` is ${JSON.stringify(method)}, but must be "POST".`)
  if (wrapped !== undefined && Object.keys(bare).length > 0) {
    throw new InvalidRequest(`unknown field ${Object.keys(bare).join(', ')} beside \`body\`.`)
  }
  const body = wrapped === undefined ? bare : wrapped
  if (!isObject(body)) throw new InvalidRequest('`body` must be an object.')
  const kind = url === undefined ? ('messages' in body ? 'chat' : 'completion') : KINDS.get(url)
  if (!kind) {
    throw new InvalidRequest(`\`url\` is ${JSON.stringify(url)}, but must be one of ${[...KINDS.keys()].join(', ')}.`)
  }
  const field = kind === 'chat' ? 'messages' : 'prompt'
  const other = kind === 'chat' ? 'prompt' : 'messages'
  if (!(field in body)) throw new InvalidRequest(`a ${kind} needs \`${field}\`.`)
  if (other in body) throw new InvalidRequest(`a ${kind} takes \`${field}\`, not \`${other}\`.`)
  return {
    line,
    customId,
    kind,
    prompt: kind === 'chat' ? readMessages(body.messages) : readPrompt(body.prompt),
    params: readParams(body, kind),
    returnTokenIds: readFlag(body, 'return_token_ids'),
  }
}

function readPrompt(prompt: unknown): Prompt {
  if (typeof prompt === 'string') return prompt
  if (Array.isArray(prompt) && prompt.every(id => Number.isInteger(id))) return prompt as number[]
  throw new InvalidRequest('`prompt` must be one text or an array of token ids; several prompts are several lines.')
}

function readMessages(messages: unknown): Message[] {
  if (!Array.isArray(messages) || messages.length === 0) {
    throw new InvalidRequest('`messages` must be an array of at least one {role, content}.')
  }
  return messages.map((message: Fields, index) => {
    const { role, content, ...rest } = message ?? {}
    if (Array.isArray(content)) {
      throw new InvalidRequest(`messages[${index}].content is a list of parts, but must be one text.`)
    }
    if (typeof role !== 'string' || typeof content !== 'string') {
      throw new InvalidRequest(`messages[${index}] must have the texts \`role\` and \`content\`.`)
    }
    const unknown = Object.keys(rest)
    if (unknown.length > 0) throw new InvalidRequest(`messages[${index}] has unknown field ${unknown.join(', ')}.`)
    return { role, content }
  })
}

function readParams(body: Fields, kind: BatchRequest['kind']): GenerationParams {
  const params: Record<string, unknown> = {}
  for (const [name, value] of Object.entries(body)) {
    const param = PARAMS.get(name)
    if (param) {
      if (value === null) continue
      if (params[param] !== undefined) throw new InvalidRequest(`\`${name}\` is there twice, by its two names.`)
      params[param] = value
    } else if (FIXED.has(name)) {
      if (value !== null && value !== FIXED.get(name)) {
        throw new InvalidRequest(
          `\`${name}\` is ${JSON.stringify(value)}, but only ${JSON.stringify(FIXED.get(name))} is supported.`,
        )
      }
    } else if (!OWN.has(name) && !NOTES.has(name)) {
      throw new InvalidRequest(`unknown field \`${name}\` in the body.`)
    }
  }
  const { stop, logitBias } = params
  if (stop !== undefined && typeof stop !== 'string' && !Array.isArray(stop)) {
    throw new InvalidRequest('`stop` must be a text or an array of texts.')
  }
  if (logitBias !== undefined && !isObject(logitBias)) {
    throw new InvalidRequest('`logit_bias` must be an object from token ids to numbers.')
  }
  const logprobs = readLogprobs(body, kind)
  return (logprobs === undefined ? params : { ...params, logprobs }) as GenerationParams
}

/** Completions ask with `logprobs: n`, chats with `logprobs: true` and `top_logprobs: n`. */
function readLogprobs(body: Fields, kind: BatchRequest['kind']): unknown {
  const { logprobs, top_logprobs: top } = body
  if (kind === 'completion') {
    if (top !== undefined && top !== null) {
      throw new InvalidRequest('`top_logprobs` is for chats; a completion takes `logprobs: n`.')
    }
    return logprobs ?? undefined
  }
  if (!readFlag(body, 'logprobs')) {
    if (top !== undefined && top !== null) throw new InvalidRequest('`top_logprobs` needs `logprobs: true`.')
    return undefined
  }
  return top ?? 0
}

function readFlag(body: Fields, name: string): boolean {
  const value = body[name] ?? false
  if (typeof value !== 'boolean')
    throw new InvalidRequest(`\`${name}\` is ${JSON.stringify(value)}, but must be true or false.`)
  return value
}
