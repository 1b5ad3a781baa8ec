import { InvalidRequest } from '../core/errors'
import { isJsonObject, type JsonObject } from '../core/json'
import { shown, shownJson } from '../core/shown'
import type { Engine } from '../engine/interface'
import type { Chat, Prompt } from '../engine/prompt'
import { type GenerationParams, samplingParams } from '../engine/sampling-params'
import { readMessages } from './messages'
import { RefusedRequest } from './refused-request'
import { FIELDS, isNeutral, type RequestKind } from './request-fields'
import { type HeldBy, readStructuredOutputs } from './structured-outputs'
import { TOOL_FORMATS, type ToolFormatName } from './tools/formats'
import type { MessageForm } from './tools/message-reader'
import { type ReadTools, readTools } from './tools/read-tools'
import { reasoningOf } from './tools/reasoning'

/** The form of an answer, as its request asks. */
export interface Asked {
  readonly kind: RequestKind
  /** Which tokens the prompt and the output are. */
  readonly returnTokenIds: boolean
  /** The request's own, for whoever reads the answer. */
  readonly metadata?: Readonly<Record<string, string>>
  /** How the answer is read into a message; undefined if all of it is content. */
  readonly form?: MessageForm
}

/** A request to one of OpenAI's endpoints for text: what to generate, and how to answer. */
export interface ApiRequest extends Asked {
  readonly model: string | undefined
  readonly prompts: readonly Prompt[]
  /** Parameters that the request gives; whoever serves it has defaults for the rest. */
  readonly params: GenerationParams
  /** The field that says what the answer is held to. */
  readonly heldBy: string | undefined
  /** Answers to each prompt. */
  readonly numChoices: number
  readonly stream: boolean
  /** A stream says at its end how many tokens there were. */
  readonly includeUsage: boolean
}

/** Checks a request's parameters. `nameOf`: what the request calls them. @throws InvalidRequest */
export type CheckParams = (params: GenerationParams, nameOf: (param: string) => string) => void

/** What requests are read by: a model's, or nothing. */
export interface RequestModel {
  readonly check?: CheckParams
  readonly chatTemplate?: string
  /** How the model writes calls of tools; default: as its chat template teaches it. */
  readonly toolFormat?: ToolFormatName
}

/** What the requests to an engine are read by. @throws InvalidRequest for a format of calls that is none */
export function requestModel(
  { config, chatTemplate }: Pick<Engine, 'config' | 'chatTemplate'>,
  toolFormat?: ToolFormatName,
): RequestModel {
  if (toolFormat !== undefined && !Object.hasOwn(TOOL_FORMATS, toolFormat)) {
    throw new InvalidRequest(
      `The option toolFormat is ${shown(toolFormat)}, but must be one of ${Object.keys(TOOL_FORMATS).join(', ')}.`,
    )
  }
  const check: CheckParams = (params, nameOf) => void samplingParams(params, config.vocabSize, nameOf)
  return { check, chatTemplate, toolFormat }
}

/** The most answers to one prompt: OpenAI's limit. */
const MAX_CHOICES = 128

/** Entries of `metadata`, and characters of a name and a value: OpenAI's limits. */
const METADATA = { entries: 16, name: 64, value: 512 }

/**
 * Reads the body of a request. Names of parameters are OpenAI's and vLLM's. Fields that ask for nothing (null, an empty list of tools,
 * `n: 1`) are passed over; others that we cannot serve are refused.
 * @throws RefusedRequest
 */
export function readApiRequest(body: unknown, kind: RequestKind, model: RequestModel = {}): ApiRequest {
  if (!isJsonObject(body)) throw new RefusedRequest('`body` must be an object.', null)
  const [field, other] = kind === 'chat' ? ['messages', 'prompt'] : ['prompt', 'messages']
  if (body[field] === undefined) {
    throw new RefusedRequest(`a ${kind} needs \`${field}\`.`, field, 'missing_required_parameter')
  }
  if (body[other] !== undefined && body[other] !== null) {
    throw new RefusedRequest(`a ${kind} takes \`${field}\`, not \`${other}\`.`, other, 'unknown_parameter')
  }
  const tools = kind === 'chat' ? readTools(body, model) : undefined
  const held = readHeld(body, tools)
  const prompts = kind === 'chat' ? [readChat(body, tools)] : readPrompts(body.prompt)
  return {
    kind,
    model: readText(body, 'model'),
    prompts,
    params: { ...readParams(body, kind, held, model.check), ...(tools ? { skipSpecialTokens: false } : {}) },
    heldBy: held?.field,
    numChoices: readNumChoices(body.n ?? 1),
    stream: readFlag(body, 'stream') ?? false,
    includeUsage: isJsonObject(body.stream_options) && body.stream_options.include_usage === true,
    returnTokenIds: readFlag(body, 'return_token_ids') ?? false,
    metadata: readMetadata(body.metadata ?? undefined),
    form: kind === 'chat' ? formOf(prompts[0], tools, model) : undefined,
  }
}

/** What the answer is held to: by its own fields, or to be calls. */
function readHeld(body: JsonObject, tools: ReadTools | undefined): HeldBy | undefined {
  const held = readStructuredOutputs(body)
  if (tools?.grammar === undefined) return held
  if (!held) return { field: 'tools', value: { grammar: tools.grammar } }
  const message = `\`${held.field}\` is for answers, but \`tool_choice\` asks for calls.`
  throw new RefusedRequest(message, held.field)
}

/** Undefined if all of an answer is content. */
function formOf(
  chat: Prompt,
  tools: ReadTools | undefined,
  { chatTemplate = '' }: RequestModel,
): MessageForm | undefined {
  const reasoning = reasoningOf(chatTemplate, chat as Chat)
  return tools || reasoning ? { tools: tools?.format, reasoning } : undefined
}

/** A text, token ids, or a list of such. */
function readPrompts(prompt: unknown): Prompt[] {
  if (typeof prompt === 'string' || areTokenIds(prompt)) return [prompt]
  const isPrompt = (each: unknown) => typeof each === 'string' || areTokenIds(each)
  if (Array.isArray(prompt) && prompt.length > 0 && prompt.every(isPrompt)) return prompt
  throw new RefusedRequest('`prompt` must be one text or an array of token ids, or an array of such.', 'prompt')
}

function areTokenIds(prompt: unknown): prompt is number[] {
  return Array.isArray(prompt) && prompt.every(id => Number.isInteger(id))
}

/** A chat with what vLLM lets a request say about its template; just messages, if it says nothing. */
function readChat(body: JsonObject, tools: ReadTools | undefined): Prompt {
  const messages = readMessages(body.messages)
  const { chat_template_kwargs: variables } = body
  const param = 'chat_template_kwargs'
  if (variables !== undefined && variables !== null && !isJsonObject(variables)) {
    throw new RefusedRequest(`\`${param}\` is ${shown(variables)}, but must be an object.`, param)
  }
  const { messages: twice, add_generation_prompt: _, continue_final_message: __, ...given } = variables ?? {}
  const others = { ...given, ...tools?.variables }
  if (twice !== undefined) {
    throw new RefusedRequest(`\`${param}\` has \`messages\`, which stand beside it.`, `${param}.messages`)
  }
  // as in vLLM, these two may stand among the template's variables as well
  const flag = (name: string) => readFlag(body, name) ?? readFlag(variables ?? {}, name)
  const addGenerationPrompt = flag('add_generation_prompt')
  const continueFinalMessage = flag('continue_final_message')
  if (addGenerationPrompt && continueFinalMessage) {
    const message = '`continue_final_message` and `add_generation_prompt` cannot both be true.'
    throw new RefusedRequest(message, 'continue_final_message')
  }
  const chat: Chat = {
    messages,
    ...(addGenerationPrompt === false ? { addGenerationPrompt } : {}),
    ...(continueFinalMessage ? { continueFinalMessage } : {}),
    ...(Object.keys(others).length > 0 ? { templateVariables: others } : {}),
  }
  return Object.keys(chat).length === 1 ? messages : chat
}

function readParams(
  body: JsonObject,
  kind: RequestKind,
  held: HeldBy | undefined,
  check: CheckParams | undefined,
): GenerationParams {
  const params: Record<string, unknown> = {}
  const names: Record<string, string> = { logprobs: kind === 'chat' ? 'top_logprobs' : 'logprobs' }
  for (const [name, value] of Object.entries(body)) {
    const field = FIELDS.get(name)
    if (!field) throw new RefusedRequest(`unknown field \`${name}\` in the body.`, name, 'unknown_parameter')
    if (isNeutral(field, value)) continue
    const { use, neutral } = field
    if (use === undefined) throw notSupported(name, value, neutral[0] ?? null)
    if (field.kind && field.kind !== kind) {
      throw new RefusedRequest(notOfKind(name, field.kind), name, 'unknown_parameter')
    }
    if (typeof use !== 'object') continue
    if (params[use.param] !== undefined && params[use.param] !== value) {
      throw new RefusedRequest(`\`${name}\` is there twice, by its two names.`, name)
    }
    params[use.param] = value
    names[use.param] = name
  }
  const { stop, logitBias } = params
  if (stop !== undefined && typeof stop !== 'string' && !Array.isArray(stop)) {
    throw new RefusedRequest('`stop` must be a text or an array of texts.', 'stop')
  }
  if (logitBias !== undefined && !isJsonObject(logitBias)) {
    throw new RefusedRequest('`logit_bias` must be an object from token ids to numbers.', 'logit_bias')
  }
  // vLLM's default, by kind: a template writes the special tokens itself
  if ((readFlag(body, 'add_special_tokens') ?? kind === 'completion') !== (kind === 'completion')) {
    const message = `\`add_special_tokens\` is ${kind === 'chat'}, but a ${kind} has only ${kind !== 'chat'}.`
    throw new RefusedRequest(message, 'add_special_tokens', 'unsupported_value')
  }
  const logprobs = readLogprobs(body, kind)
  if (logprobs !== undefined) params.logprobs = logprobs
  if (held) {
    params.structuredOutputs = held.value
    names.structuredOutputs = held.field
  }
  for (const [param, value] of Object.entries(params)) {
    const name = names[param] ?? param
    checkParam(name, () => check?.({ [param]: value }, () => name))
  }
  return params
}

/** One parameter at a time, so that a refusal knows which. */
function checkParam(name: string, check: () => void): void {
  try {
    check()
  } catch (error) {
    if (!(error instanceof InvalidRequest)) throw error
    throw new RefusedRequest(error.message, name, undefined, { cause: error })
  }
}

/** The refusal of a value where only another can be served. */
export function notSupported(name: string, value: unknown, supported: unknown): RefusedRequest {
  const message = `\`${name}\` is ${shownJson(value)}, but only ${JSON.stringify(supported)} is supported.`
  return new RefusedRequest(message, name, 'unsupported_value')
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
    throw new RefusedRequest('`top_logprobs` needs `logprobs: true`.', 'top_logprobs')
  }
  return undefined
}

function readNumChoices(n: unknown): number {
  if (typeof n === 'number' && Number.isInteger(n) && n >= 1 && n <= MAX_CHOICES) return n
  throw new RefusedRequest(`\`n\` is ${shownJson(n)}, but must be an integer from 1 to ${MAX_CHOICES}.`, 'n')
}

function readMetadata(metadata: unknown): Readonly<Record<string, string>> | undefined {
  if (metadata === undefined) return undefined
  const entries = isJsonObject(metadata) ? Object.entries(metadata) : undefined
  const isText = (text: unknown, most: number) => typeof text === 'string' && text.length <= most
  const isGood =
    entries &&
    entries.length <= METADATA.entries &&
    entries.every(([name, value]) => isText(name, METADATA.name) && isText(value, METADATA.value))
  if (isGood) return Object.fromEntries(entries) as Record<string, string>
  const limits = `at most ${METADATA.entries} names of ${METADATA.name} characters and their texts of ${METADATA.value}`
  throw new RefusedRequest(`\`metadata\` is ${shown(metadata)}, but must be an object of ${limits}.`, 'metadata')
}

function readFlag(body: JsonObject, name: string): boolean | undefined {
  const value = body[name] ?? undefined
  if (value === undefined || typeof value === 'boolean') return value
  throw new RefusedRequest(`\`${name}\` is ${shownJson(value)}, but must be true or false.`, name)
}

function readText(body: JsonObject, name: string): string | undefined {
  const value = body[name] ?? undefined
  if (value === undefined || typeof value === 'string') return value
  throw new RefusedRequest(`\`${name}\` is ${shownJson(value)}, but must be a text.`, name)
}
