import { answerOf, usageWithCache } from '../answer'
import type { ApiRequest } from '../api-request'
import type { ChatCompletion, Completion } from '../openai-types'
import { refusalOf } from './refusal-of'
import { begin, headOf, type Served } from './served'

/**
 * Answers a request when everything is there.
 * @throws RefusedRequest for a prompt that cannot be served · the signal's reason · what the engine fails with
 */
export async function answerWhole(
  served: Served,
  request: ApiRequest,
  signal?: AbortSignal,
): Promise<ChatCompletion | Completion> {
  const results = await begin(served, request, { signal }).all()
  const failed = results.find(({ error }) => error)
  if (failed) throw await refusalOf(served, request, failed)
  const usage = usageWithCache(results, request.numChoices)
  return { ...answerOf(request, results, headOf(served, request)), usage } as ChatCompletion | Completion
}
