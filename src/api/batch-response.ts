import type { GenerationResult } from '../engine/generation'
import { answerOf, usageOf } from './answer'
import type { BatchRequest } from './batch-request'

/** A line of a job's output: an OpenAI Batch response. Exactly one of `response` and `error` is set. */
export interface BatchResponse {
  readonly id: string
  readonly custom_id: string
  readonly response: { readonly status_code: 200; readonly request_id: string; readonly body: object } | null
  readonly error: { readonly code: string; readonly message: string; readonly line: number } | null
}

/** The answer to a request that could not be served. `name` is the class of the error. */
export function failedResponse(
  line: number,
  customId: string,
  error: { readonly name: string; readonly message: string },
): BatchResponse {
  const { name: code, message } = error
  return { id: `batch_req_${line}`, custom_id: customId, response: null, error: { code, message, line } }
}

/**
 * Writes a result in the shape of the endpoint that was asked. It says nothing of what was shared, which depends on the rest of
 * the job, and on how much of it had to be done again. `createdAt`: in milliseconds since 1970.
 */
export function batchResponse(
  request: BatchRequest,
  result: GenerationResult,
  model: string,
  createdAt = Date.now(),
): BatchResponse {
  const { line, customId, kind } = request
  if (result.error) {
    const { name, message } = result.error
    return failedResponse(line, customId, { name, message: `Line ${line}: ${message}` })
  }
  const id = `${kind === 'chat' ? 'chatcmpl' : 'cmpl'}-${line}`
  const head = { id, created: Math.floor(createdAt / 1000), model }
  const body = { ...answerOf(request, [result], head), usage: usageOf([result]) }
  return {
    id: `batch_req_${line}`,
    custom_id: customId,
    response: { status_code: 200, request_id: id, body },
    error: null,
  }
}
