import { InvalidRequest } from '../core/errors'
import { isJsonObject, type JsonObject } from '../core/json'
import { shown, shownJson } from '../core/shown'
import type { Chat, Prompt } from '../engine/prompt'
import type { GenerationParams } from '../engine/sampling-params'
import { type Line, textOfLine } from './lines'
import { readMessages } from './messages'
import { FIELDS, isNeutral, type RequestKind } from './request-fields'

/** One line of a job: what to generate, and how to answer. */
export interface BatchRequest {
  /** Line of the input, from 1. */
  readonly line: number
  readonly customId: string
  readonly kind: RequestKind
  readonly prompt: Prompt
  readonly params: GenerationParams
  /** The answer says which tokens the prompt and the output are. */
  readonly returnTokenIds: boolean
}

/** A line as it was read: a request, whose name may still have to be given, or the reason why it is none. */
export interface ReadLine {
  readonly line: number
  /** As the line gives it; also of one that is wrong in something else. */
  readonly customId: string | undefined
  readonly outcome: Omit<BatchRequest, 'customId'> | InvalidRequest
}

/** Checks a request's parameters. `nameOf`: what the line calls them. @throws InvalidRequest */
export type CheckParams = (params: GenerationParams, nameOf: (param: string) => string) => void

/** The endpoints of OpenAI's Batch API that a line may name. */
const KINDS: ReadonlyMap<unknown, RequestKind> = new Map([
  ['/v1/completions', 'completion'],
  ['/v1/chat/completions', 'chat'],
])

/**
 * Reads one line of a job: an OpenAI Batch request `{custom_id, method, url, body}`, or a bare body with `prompt` or
 * `messages`. Names of parameters are OpenAI's and vLLM's. Fields that ask for nothing (null, an empty list of tools,
 * `n: 1`) are passed over; others that we cannot serve are refused.
 * @param text the line, or its bytes in UTF-8
 * @throws InvalidRequest that names the line and what is wrong with it
 */
export function parseBatchRequest(text: Line, line: number): BatchRequest {
  const { customId = `request-${line}`, outcome } = readLine(text, line)
  if (outcome instanceof InvalidRequest) throw outcome
  return { customId, ...outcome }
}

/** Reads one line of a job, good or bad. */
export function readLine(text: Line, line: number, check?: CheckParams): ReadLine {
  let customId: string | undefined
  try {
    const { custom_id: id, ...request } = parseObject(textOfLine(text))
    if (typeof id === 'string') customId = id
    else if (id !== undefined && id !== null) throw new InvalidRequest('`custom_id` must be a text.')
    return { line, customId, outcome: { line, ...readRequest(request, check) } }
  } catch (error) {
    if (!(error instanceof InvalidRequest)) throw error
    return { line, customId, outcome: new InvalidRequest(`Line ${line}: ${error.message}`, { cause: error }) }
  }
}

function parseObject(text: string): JsonObject {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (cause) {
    throw new InvalidRequest(`this is not JSON (${String(cause)}).`, { cause })
  }
  if (!isJsonObject(value)) throw new InvalidRequest('a request is a JSON object, with `prompt`, `messages` or `body`.')
  return value
}

function readRequest(request: JsonObject, check?: CheckParams): Omit<BatchRequest, 'line' | 'customId'> {
  const { method = 'POST', url, body: wrapped, ...bare } = request
  if (method !== 'POST') throw new InvalidRequest(`\`method\` is ${shownJson(method)}, but must be "POST".`)
  if (wrapped !== undefined && Object.keys(bare).length > 0) {
    throw new InvalidRequest(`unknown field ${Object.keys(bare).join(', ')} beside \`body\`.`)
  }
  const body = wrapped === undefined ? bare : wrapped
  if (!isJsonObject(body)) throw new InvalidRequest('`body` must be an object.')
  const kind =
    url === undefined ? ('messages' in body && body.messages !== null ? 'chat' : 'completion') : KINDS.get(url)
  if (!kind) {
    throw new InvalidRequest(`\`url\` is ${shownJson(url)}, but must be one of ${[...KINDS.keys()].join(', ')}.`)
  }
  const [field, other] = kind === 'chat' ? ['messages', 'prompt'] : ['prompt', 'messages']
  if (!(field in body)) throw new InvalidRequest(`a ${kind} needs \`${field}\`.`)
  if (other in body && body[other] !== null) throw new InvalidRequest(`a ${kind} takes \`${field}\`, not \`${other}\`.`)
  return {
    kind,
    prompt: kind === 'chat' ? readChat(body) : readPrompt(body.prompt),
    params: readParams(body, kind, check),
    returnTokenIds: readFlag(body, 'return_token_ids') ?? false,
  }
}

function readPrompt(prompt: unknown): Prompt {
  // a list of one prompt is one prompt
  if (Array.isArray(prompt) && prompt.length === 1 && typeof prompt[0] === 'object') return readPrompt(prompt[0])
  if (Array.isArray(prompt) && prompt.length === 1 && typeof prompt[0] === 'string') return prompt[0]
  if (typeof prompt === 'string') return prompt
  if (Array.isArray(prompt) && prompt.every(id => Number.isInteger(id))) return prompt as number[]
  throw new InvalidRequest('`prompt` must be one text or an array of token ids; several prompts are several lines.')
}

/** A chat with what vLLM lets a request say about its template; just messages, if it says nothing. */
function readChat(body: JsonObject): Prompt {
  const messages = readMessages(body.messages)
  const { chat_template_kwargs: variables } = body
  if (variables !== undefined && variables !== null && !isJsonObject(variables)) {
    throw new InvalidRequest(`\`chat_template_kwargs\` is ${shown(variables)}, but must be an object.`)
  }
  const { messages: twice, add_generation_prompt: _, continue_final_message: __, ...others } = variables ?? {}
  if (twice !== undefined) throw new InvalidRequest('`chat_template_kwargs` has `messages`, which stand beside it.')
  // as in vLLM, these two may stand among the template's variables as well
  const flag = (name: string) => readFlag(body, name) ?? readFlag(variables ?? {}, name)
  const addGenerationPrompt = flag('add_generation_prompt')
  const continueFinalMessage = flag('continue_final_message')
  if (addGenerationPrompt && continueFinalMessage) {
    throw new InvalidRequest('`continue_final_message` and `add_generation_prompt` cannot both be true.')
  }
  const chat: Chat = {
    messages,
    ...(addGenerationPrompt === false ? { addGenerationPrompt } : {}),
    ...(continueFinalMessage ? { continueFinalMessage } : {}),
    ...(Object.keys(others).length > 0 ? { templateVariables: others } : {}),
  }
  return Object.keys(chat).length === 1 ? messages : chat
}

function readParams(body: JsonObject, kind: RequestKind, check?: CheckParams): GenerationParams {
  const params: Record<string, unknown> = {}
  const names: Record<string, string> = { logprobs: kind === 'chat' ? 'top_logprobs' : 'logprobs' }
  for (const [name, value] of Object.entries(body)) {
    const field = FIELDS.get(name)
    if (!field) throw new InvalidRequest(`unknown field \`${name}\` in the body.`)
    if (isNeutral(field, value)) continue
    const { use, neutral } = field
    if (use === undefined) {
      const supported = JSON.stringify(neutral.length > 0 ? neutral[0] : null)
      throw new InvalidRequest(`\`${name}\` is ${shownJson(value)}, but only ${supported} is supported.`)
    }
    if (field.kind && field.kind !== kind) throw new InvalidRequest(notOfKind(name, field.kind))
    if (typeof use !== 'object') continue
    if (params[use.param] !== undefined && params[use.param] !== value) {
      throw new InvalidRequest(`\`${name}\` is there twice, by its two names.`)
    }
    params[use.param] = value
    names[use.param] = name
  }
  const { stop, logitBias } = params
  if (stop !== undefined && typeof stop !== 'string' && !Array.isArray(stop)) {
    throw new InvalidRequest('`stop` must be a text or an array of texts.')
  }
  if (logitBias !== undefined && !isJsonObject(logitBias)) {
    throw new InvalidRequest('`logit_bias` must be an object from token ids to numbers.')
  }
  // vLLM's default, by kind: a template writes the special tokens itself
  if ((readFlag(body, 'add_special_tokens') ?? kind === 'completion') !== (kind === 'completion')) {
    throw new InvalidRequest(`\`add_special_tokens\` is ${kind === 'chat'}, but a ${kind} has only ${kind !== 'chat'}.`)
  }
  const logprobs = readLogprobs(body, kind)
  if (logprobs !== undefined) params.logprobs = logprobs
  check?.(params, param => names[param] ?? param)
  return params
}

function notOfKind(name: string, kind: RequestKind): string {
  const instead = name === 'top_logprobs' ? '; a completion takes `logprobs: n`' : ''
  return `\`${name}\` is for ${kind}s${instead}.`
}

/** Completions ask with `logprobs: n`, chats with `logprobs: true` and `top_logprobs: n`. */
function readLogprobs(body: JsonObject, kind: RequestKind): unknown {
  const { logprobs, top_logprobs: top } = body
  if (kind === 'completion') return logprobs === false ? undefined : (logprobs ?? undefined)
  if (readFlag(body, 'logprobs')) return top ?? 0
  if (top !== undefined && top !== null && top !== 0) {
    throw new InvalidRequest('`top_logprobs` needs `logprobs: true`.')
  }
  return undefined
}

function readFlag(body: JsonObject, name: string): boolean | undefined {
  const value = body[name] ?? undefined
  if (value !== undefined && typeof value !== 'boolean')
    throw new InvalidRequest(`\`${name}\` is ${shownJson(value)}, but must be true or false.`)
  return value
}
