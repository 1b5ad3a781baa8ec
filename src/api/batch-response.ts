import type { GenerationResult, ScoredToken, TokenLogprob } from '../engine/generation'
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

/** Writes a result in the shape of the endpoint that was asked. */
export function batchResponse(request: BatchRequest, result: GenerationResult, model: string): BatchResponse {
  const { line, customId, kind } = request
  if (result.error) {
    const { name, message } = result.error
    return failedResponse(line, customId, { name, message: `Line ${line}: ${message}` })
  }
  const id = `${kind === 'chat' ? 'chatcmpl' : 'cmpl'}-${line}`
  const { promptTokens, completionTokens } = result.usage
  const body = {
    id,
    object: kind === 'chat' ? 'chat.completion' : 'text_completion',
    created: Math.floor(Date.now() / 1000),
    model,
    choices: [choice(request, result)],
    usage: {
      prompt_tokens: promptTokens,
      completion_tokens: completionTokens,
      total_tokens: promptTokens + completionTokens,
    },
  }
  return {
    id: `batch_req_${line}`,
    custom_id: customId,
    response: { status_code: 200, request_id: id, body },
    error: null,
  }
}

function choice({ kind, returnTokenIds }: BatchRequest, result: GenerationResult): object {
  const { text, finishReason, logprobs, tokenIds, promptTokenIds } = result
  const output = kind === 'chat' ? { message: { role: 'assistant', content: text } } : { text }
  const scores = logprobs && (kind === 'chat' ? chatLogprobs(logprobs) : completionLogprobs(logprobs))
  return {
    index: 0,
    ...output,
    logprobs: scores ?? null,
    finish_reason: finishReason,
    ...(returnTokenIds ? { prompt_token_ids: promptTokenIds, token_ids: tokenIds } : {}),
  }
}

function completionLogprobs(logprobs: readonly TokenLogprob[]): object {
  return {
    tokens: logprobs.map(({ text }) => text),
    token_logprobs: logprobs.map(({ logprob }) => logprob),
    top_logprobs: logprobs.map(({ topLogprobs }) => {
      const byText = new Map<string, number>()
      for (const { text, logprob } of topLogprobs) {
        // several tokens may read the same (parts of a character): the likeliest stands for them
        if (!byText.has(text)) byText.set(text, logprob)
      }
      return Object.fromEntries(byText)
    }),
    text_offset: textOffsets(logprobs),
  }
}

/** Where in the text each token begins, in code points as OpenAI counts; within a character, where that begins. */
function textOffsets(tokens: readonly ScoredToken[]): number[] {
  const text = new TextDecoder('utf-8', { ignoreBOM: true })
  let offset = 0
  return tokens.map(({ bytes }) => {
    const begin = offset
    offset += [...text.decode(Uint8Array.from(bytes), { stream: true })].length
    return begin
  })
}

function chatLogprobs(logprobs: readonly TokenLogprob[]): object {
  const written = ({ text: token, logprob, bytes }: ScoredToken) => ({ token, logprob, bytes })
  return { content: logprobs.map(each => ({ ...written(each), top_logprobs: each.topLogprobs.map(written) })) }
}
