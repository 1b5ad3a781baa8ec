import { InvalidRequest } from '../../core/errors'
import type { GenerationResult } from '../../engine/generation'
import type { ApiRequest } from '../api-request'
import { RefusedRequest } from '../refused-request'
import type { Served } from './served'

/** The errors of a prompt as the request's own: with its field, and whether it was too long. Others stay as they are. */
export async function refusalOf(
  { engine }: Served,
  { kind, prompts, numChoices }: ApiRequest,
  { error, index }: GenerationResult,
): Promise<unknown> {
  if (!(error instanceof InvalidRequest)) return error
  const field = kind === 'chat' ? 'messages' : 'prompt'
  const length = await engine.tokenize(prompts[Math.floor(index / numChoices)]).then(
    ids => ids.length,
    () => 0,
  )
  const code = length >= engine.memory.contextLength ? 'context_length_exceeded' : undefined
  return new RefusedRequest(error.message, field, code, { cause: error })
}
