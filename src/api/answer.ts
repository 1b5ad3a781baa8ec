import type { GenerationResult, ScoredToken, TokenLogprob } from '../engine/generation'
import type { Asked } from './api-request'
import type { ChatCompletion, ChatLogprobs, Completion, CompletionLogprobs, TokenIds, Usage } from './openai-types'
import { messageOf } from './tools/message'

/** The head of an answer: its id, its time and its model. */
export interface AnswerHead {
  readonly id: string
  readonly created: number
  readonly model: string
}

/** Results in the form of the endpoint that was asked, a choice for each; without its usage. */
export function answerOf(
  asked: Asked,
  results: readonly GenerationResult[],
  head: AnswerHead,
): Omit<ChatCompletion, 'usage'> | Omit<Completion, 'usage'> {
  const { kind, metadata } = asked
  const { id, created, model } = head
  const choices = results.map((result, index) => ({ index, ...choiceOf(asked, result, `${id} ${index}`) }))
  const object = kind === 'chat' ? 'chat.completion' : 'text_completion'
  const answer = { id, object, created, model, choices, ...(metadata ? { metadata } : {}) }
  return answer as Omit<ChatCompletion, 'usage'> | Omit<Completion, 'usage'>
}

/** `id`: of this choice alone. */
function choiceOf(asked: Asked, result: GenerationResult, id: string): object {
  const { kind, form, returnTokenIds } = asked
  const { text, finishReason } = result
  const message = form ? messageOf(text, form, id) : { role: 'assistant', content: text, refusal: null }
  return {
    ...(kind === 'chat' ? { message } : { text }),
    logprobs: logprobsOf(asked, result),
    finish_reason: finishReasonOf(finishReason, 'tool_calls' in message),
    ...(returnTokenIds ? tokenIdsOf(result) : {}),
  }
}

/** An answer that ends with calls ends for their sake. */
export function finishReasonOf(reason: GenerationResult['finishReason'], hasCalls: boolean): string {
  return hasCalls && reason === 'stop' ? 'tool_calls' : reason
}

export function logprobsOf({ kind }: Asked, { logprobs }: GenerationResult): ChatLogprobs | CompletionLogprobs | null {
  if (!logprobs) return null
  return kind === 'chat' ? chatLogprobs(logprobs) : completionLogprobs(logprobs)
}

export function tokenIdsOf({ promptTokenIds, tokenIds }: GenerationResult): TokenIds {
  return { prompt_token_ids: promptTokenIds, token_ids: tokenIds }
}

/** The tokens of a request's results, so many for each prompt, one after another; a prompt counts once. */
export function usageOf(results: readonly GenerationResult[], numChoices = 1): Usage {
  const firsts = results.filter((_, index) => index % numChoices === 0)
  const prompt = firsts.reduce((sum, { usage }) => sum + usage.promptTokens, 0)
  const completion = results.reduce((sum, { usage }) => sum + usage.completionTokens, 0)
  return { prompt_tokens: prompt, completion_tokens: completion, total_tokens: prompt + completion }
}

/** The same with the tokens of prompts that were taken over: of a prompt with several choices, what none of them computed. */
export function usageWithCache(results: readonly GenerationResult[], numChoices: number): Usage {
  let cached = 0
  for (let first = 0; first < results.length; first += numChoices) {
    const choices = results.slice(first, first + numChoices)
    cached += Math.min(...choices.map(({ usage }) => usage.cachedTokens))
  }
  return { ...usageOf(results, numChoices), prompt_tokens_details: { cached_tokens: cached } }
}

function completionLogprobs(logprobs: readonly TokenLogprob[]): CompletionLogprobs {
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

function chatLogprobs(logprobs: readonly TokenLogprob[]): ChatLogprobs {
  const written = ({ text: token, logprob, bytes }: ScoredToken) => ({ token, logprob, bytes: [...bytes] })
  const content = logprobs.map(each => ({ ...written(each), top_logprobs: each.topLogprobs.map(written) }))
  return { content, refusal: null }
}
