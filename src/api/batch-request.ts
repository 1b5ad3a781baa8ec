import { InvalidRequest } from '../core/errors'
import { isJsonObject, type JsonObject } from '../core/json'
import { shownJson } from '../core/shown'
import type { Prompt } from '../engine/prompt'
import type { GenerationParams } from '../engine/sampling-params'
import { type Asked, notSupported, type RequestModel, readApiRequest } from './api-request'
import { type Line, textOfLine } from './lines'
import type { RequestKind } from './request-fields'

/** One line of a job: what to generate, and how to answer. */
export interface BatchRequest extends Asked {
  /** Line of the input, from 1. */
  readonly line: number
  readonly customId: string
  readonly prompt: Prompt
  readonly params: GenerationParams
}

/** A line as it was read: a request, whose name may still have to be given, or the reason why it is none. */
export interface ReadLine<T = Omit<BatchRequest, 'customId'>> {
  readonly line: number
  /** As the line gives it; also of one that is wrong in something else. */
  readonly customId: string | undefined
  readonly outcome: T | InvalidRequest
}

/** A request as a line holds it: to which endpoint, if it says so, and what. */
export interface Enveloped {
  readonly url: unknown
  readonly body: unknown
}

/** The endpoints of OpenAI's Batch API that a line may name. */
const KINDS: ReadonlyMap<unknown, RequestKind> = new Map([
  ['/v1/completions', 'completion'],
  ['/v1/chat/completions', 'chat'],
])

/**
 * Reads one line of a job: an OpenAI Batch request `{custom_id, method, url, body}`, or a bare body with `prompt` or
 * `messages`.
 * @param text the line, or its bytes in UTF-8
 * @throws InvalidRequest that names the line and what is wrong with it
 */
export function parseBatchRequest(text: Line, line: number): BatchRequest {
  const { customId = `request-${line}`, outcome } = readLine(text, line)
  if (outcome instanceof InvalidRequest) throw outcome
  return { customId, ...outcome }
}

/** Reads one line of a job, good or bad. */
export function readLine(text: Line, line: number, model?: RequestModel): ReadLine {
  return openLine(text, line, enveloped => ({ line, ...readRequest(enveloped, model) }))
}

/** Reads one line, good or bad, and with `read` the request in it. */
export function openLine<T>(text: Line, line: number, read: (request: Enveloped) => T): ReadLine<T> {
  let customId: string | undefined
  try {
    const { custom_id: id, ...request } = parseObject(textOfLine(text))
    if (typeof id === 'string') customId = id
    else if (id !== undefined && id !== null) throw new InvalidRequest('`custom_id` must be a text.')
    return { line, customId, outcome: read(unwrapped(request)) }
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

function unwrapped({ method = 'POST', url, body, ...bare }: JsonObject): Enveloped {
  if (method !== 'POST') throw new InvalidRequest(`\`method\` is ${shownJson(method)}, but must be "POST".`)
  if (body !== undefined && Object.keys(bare).length > 0) {
    throw new InvalidRequest(`unknown field ${Object.keys(bare).join(', ')} beside \`body\`.`)
  }
  return { url, body: body === undefined ? bare : body }
}

/** The kind of a request that does not say its endpoint. */
export function kindOf(body: unknown): RequestKind {
  return isJsonObject(body) && 'messages' in body && body.messages !== null ? 'chat' : 'completion'
}

function readRequest({ url, body }: Enveloped, model?: RequestModel): Omit<BatchRequest, 'line' | 'customId'> {
  const asked = url === undefined ? kindOf(body) : KINDS.get(url)
  if (!asked) {
    throw new InvalidRequest(`\`url\` is ${shownJson(url)}, but must be one of ${[...KINDS.keys()].join(', ')}.`)
  }
  const { prompts, numChoices, stream, kind, params, returnTokenIds, metadata, form } = readApiRequest(
    body,
    asked,
    model,
  )
  if (numChoices > 1) throw notSupported('n', numChoices, 1)
  if (stream) throw notSupported('stream', stream, false)
  if (prompts.length > 1) {
    throw new InvalidRequest(`\`prompt\` is a list of ${prompts.length} prompts; several prompts are several lines.`)
  }
  return { kind, prompt: prompts[0], params, returnTokenIds, metadata, form }
}
