import type { GenerationResult, TokenLogprob } from '../engine/generation'
import { tokenBytes } from '../tokenizer/token-bytes'
import type { Tokenizer } from '../tokenizer/tokenizer'
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

/** The part of a model's tokenizer that answers are written with. */
type Vocabulary = Pick<Tokenizer, 'decode' | 'isVisible' | 'token'>

/** Writes a result in the shape of the endpoint that was asked. */
export function batchResponse(
  request: BatchRequest,
  result: GenerationResult,
  model: string,
  vocabulary: Vocabulary,
): BatchResponse {
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
    choices: [choice(request, result, vocabulary)],
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

function choice({ kind, returnTokenIds }: BatchRequest, result: GenerationResult, vocabulary: Vocabulary): object {
  const { text, finishReason, logprobs, tokenIds, promptTokenIds } = result
  const output = kind === 'chat' ? { message: { role: 'assistant', content: text } } : { text }
  const written = logprobs && writtenLogprobs(logprobs, vocabulary)
  const scores = written && (kind === 'chat' ? chatLogprobs(written) : completionLogprobs(written))
  return {
    index: 0,
    ...output,
    logprobs: scores ?? null,
    finish_reason: finishReason,
    ...(returnTokenIds ? { prompt_token_ids: promptTokenIds, token_ids: tokenIds } : {}),
  }
}

/** A token, or one that might have stood in its place. */
interface WrittenToken {
  /** The text that the token adds, U+FFFD for parts of characters; for a token that adds nothing, its name. */
  readonly token: string
  readonly logprob: number
  /** The bytes that the token adds: those of all drawn tokens joined are the text's UTF-8. */
  readonly bytes: readonly number[]
}

/** The drawn tokens, each with the likeliest in its place. */
function writtenLogprobs(logprobs: readonly TokenLogprob[], vocabulary: Vocabulary) {
  let previous: number | undefined
  return logprobs.map(({ tokenId, logprob, topLogprobs }) => {
    const write = (each: { readonly tokenId: number; readonly logprob: number }): WrittenToken => {
      const bytes = tokenBytes(vocabulary, each.tokenId, previous)
      const isVisible = vocabulary.isVisible(each.tokenId)
      const token = isVisible ? UTF8.decode(bytes) : vocabulary.decode([each.tokenId], { skipSpecialTokens: false })
      return { token, logprob: each.logprob, bytes: [...bytes] }
    }
    const written = { ...write({ tokenId, logprob }), top: topLogprobs.map(write) }
    if (vocabulary.isVisible(tokenId)) previous = tokenId
    return written
  })
}

const UTF8 = new TextDecoder('utf-8', { ignoreBOM: true })

type WrittenLogprobs = ReturnType<typeof writtenLogprobs>

function completionLogprobs(logprobs: WrittenLogprobs): object {
  return {
    tokens: logprobs.map(({ token }) => token),
    token_logprobs: logprobs.map(({ logprob }) => logprob),
    top_logprobs: logprobs.map(({ top }) => {
      const byText = new Map<string, number>()
      for (const { token, logprob } of top) {
        // several tokens may read the same (parts of a character): the likeliest stands for them
        if (!byText.has(token)) byText.set(token, logprob)
      }
      return Object.fromEntries(byText)
    }),
    text_offset: textOffsets(logprobs),
  }
}

/** Where in the text each token begins, in code points as OpenAI counts; within a character, where that begins. */
function textOffsets(tokens: readonly WrittenToken[]): number[] {
  const text = new TextDecoder('utf-8', { ignoreBOM: true })
  let offset = 0
  return tokens.map(({ bytes }) => {
    const begin = offset
    offset += [...text.decode(Uint8Array.from(bytes), { stream: true })].length
    return begin
  })
}

function chatLogprobs(logprobs: WrittenLogprobs): object {
  return { content: logprobs.map(({ top, ...drawn }) => ({ ...drawn, top_logprobs: top })) }
}
