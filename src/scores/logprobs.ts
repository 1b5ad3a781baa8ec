import { InvalidRequest } from '../core/errors'
import type { Engine } from '../engine/interface'
import type { Prompt } from '../engine/prompt'
import type { ScoreOptions } from './score'
import { scoreEach } from './score'

/** How likely a text is, token by token. */
export interface TextLogprobs {
  readonly tokenIds: readonly number[]
  /** [tokenIds] Natural, of each token after those before it; NaN for the first, before which there is nothing. */
  readonly logprobs: readonly number[]
  /** Of all but the first. */
  readonly logprob: number
  /** exp of the mean of -logprob over all but the first. */
  readonly perplexity: number
}

/**
 * The log-probability of each token of a text (teacher forcing), in one pass.
 * @throws InvalidRequest for a text of less than two tokens, or longer than the context · Disposed · DeviceLost · the signal's reason
 */
export async function logprobs(engine: Engine, text: Prompt, options: ScoreOptions = {}): Promise<TextLogprobs> {
  const tokenIds = await engine.tokenize(text, options)
  if (tokenIds.length < 2) {
    throw new InvalidRequest(
      `The text has ${tokenIds.length} tokens; it takes two, since the first has nothing before it.`,
    )
  }
  const [[scored]] = await scoreEach(
    engine,
    [{ prefix: tokenIds.slice(0, 1), candidates: [tokenIds.slice(1)] }],
    options,
  )
  const perplexity = Math.exp(-scored.logprob / scored.logprobs.length)
  return { tokenIds, logprobs: [Number.NaN, ...scored.logprobs], logprob: scored.logprob, perplexity }
}
