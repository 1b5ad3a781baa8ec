import { AsyncQueue } from '../../engine/async-queue'
import type { GenerationResult } from '../../engine/generation'
import { finishReasonOf, logprobsOf, tokenIdsOf, usageWithCache } from '../answer'
import type { ApiRequest } from '../api-request'
import type { ChatCompletionChunk, CompletionChunk } from '../openai-types'
import { MessageStreams } from './message-streams'
import { refusalOf } from './refusal-of'
import { begin, headOf, type Served } from './served'

export type Chunk = ChatCompletionChunk | CompletionChunk

/** A choice's text has grown, or it is finished. */
type Event =
  | { readonly index: number; readonly text: string }
  | { readonly index: number; readonly result: GenerationResult }

/**
 * Answers a request piece by piece. Resolves with the first: a prompt that cannot be served is refused before anything is said. Leaving
 * the loop stops the answers.
 * @throws RefusedRequest for a prompt that cannot be served · the signal's reason · what the engine fails with
 */
export async function answerInChunks(
  served: Served,
  request: ApiRequest,
  signal?: AbortSignal,
): Promise<AsyncGenerator<Chunk, void, undefined>> {
  const events = eventsOf(served, request, signal)
  const { value: first } = await events.next()
  if (first && 'result' in first && first.result.error) throw await refusalOf(served, request, first.result)
  return chunksOf(served, request, first ? [first] : [], events)
}

async function* eventsOf(
  served: Served,
  request: ApiRequest,
  signal: AbortSignal | undefined,
): AsyncGenerator<Event, void, undefined> {
  const events = new AsyncQueue<Event>()
  const generation = begin(served, request, { signal, onText: (text, index) => events.push({ index, text }) })
  const read = async () => {
    for await (const result of generation) events.push({ index: result.index, result })
  }
  read().then(
    () => events.end(),
    (error: unknown) => events.end({ error }),
  )
  try {
    yield* events
  } finally {
    generation.cancel()
  }
}

async function* chunksOf(
  served: Served,
  request: ApiRequest,
  first: readonly Event[],
  rest: AsyncGenerator<Event, void, undefined>,
): AsyncGenerator<Chunk, void, undefined> {
  const { kind, prompts, numChoices, includeUsage } = request
  const object = kind === 'chat' ? 'chat.completion.chunk' : 'text_completion'
  const { id, created, model } = headOf(served, request)
  const chunk = (...choices: object[]) =>
    ({ id, object, created, model, choices, ...(includeUsage ? { usage: null } : {}) }) as Chunk
  const results: GenerationResult[] = []
  const messages = new MessageStreams(request, id)
  try {
    if (kind === 'chat') {
      for (let index = 0; index < prompts.length * numChoices; index++) yield chunk(beginning(index))
    }
    for await (const event of joined(first, rest)) {
      if ('text' in event) yield* messages.push(event).map(each => chunk(each))
      else if (event.result.error) throw await refusalOf(served, request, event.result)
      else {
        results[event.index] = event.result
        yield* messages.end(event.index).map(each => chunk(each))
        yield chunk(ending(request, event.result, messages.hasCalls(event.index)))
      }
    }
    if (includeUsage) yield { ...chunk(), usage: usageWithCache(results, numChoices) }
  } finally {
    await rest.return()
  }
}

async function* joined<T>(first: readonly T[], rest: AsyncIterable<T>): AsyncGenerator<T, void, undefined> {
  yield* first
  yield* rest
}

function beginning(index: number): object {
  return { index, delta: { role: 'assistant', content: '', refusal: null }, logprobs: null, finish_reason: null }
}

/** A choice's last chunk has its log-probabilities and tokens, which the engine gives with the result. */
function ending(request: ApiRequest, result: GenerationResult, hasCalls: boolean): object {
  return {
    index: result.index,
    ...(request.kind === 'chat' ? { delta: {} } : { text: '' }),
    logprobs: logprobsOf(request, result),
    finish_reason: finishReasonOf(result.finishReason, hasCalls),
    ...(request.returnTokenIds ? tokenIdsOf(result) : {}),
  }
}
