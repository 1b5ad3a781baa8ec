import { InvalidRequest } from '../../core/errors'
import type { GenerationResult } from '../../engine/generation'
import type { ApiRequest } from '../api-request'
import { RefusedRequest } from '../refused-request'
import type { Served } from './served'

/** The errors of a prompt as the request's own: with its field, and whether it was too long. Others stay as they are. */
export async function refusalOf(
  { engine }: Served,
  { kind, prompts, numChoices, heldBy }: ApiRequest,
  { error, index }: GenerationResult,
): Promise<unknown> {
  if (!(error instanceof InvalidRequest)) return error
  const length = await engine.tokenize(prompts[Math.floor(index / numChoices)]).then(
    ids => ids.length,
    () => 0,
  )
  const isTooLong = length >= engine.memory.contextLength
  const field = kind === 'chat' ? 'messages' : 'prompt'
  // a prompt that can be read and fits is not at fault
  const param = length > 0 && !isTooLong ? (heldBy ?? field) : field
  return new RefusedRequest(error.message, param, isTooLong ? 'context_length_exceeded' : undefined, { cause: error })
}
