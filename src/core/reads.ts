/** Tokens whose log-probabilities are wanted at one place of a prompt. */
export interface ScoredPlace {
  /** Index in the prompt's tokens of the token in whose place they would stand; at least 1, at most the prompt's length. */
  readonly position: number
  /** At least one, at most `MAX_SCORED`. */
  readonly tokenIds: readonly number[]
}

/** Most tokens that are scored at one place: bounds the results of a step. */
export const MAX_SCORED = 128

export const EMBEDDINGS = ['last', 'mean'] as const

/** Which of a prompt's vectors (the final norm's outputs) its embedding is: that of its last token, or the mean of all. */
export type Embedding = (typeof EMBEDDINGS)[number]

/** What is asked of a prompt's own tokens, beside what follows them. */
export interface ReadParams {
  /** Report the log-probability of each of the prompt's tokens but the first, and of this many most likely ones. */
  readonly promptLogprobs?: number
  /** Report the log-probabilities of these tokens at these places, each of which is given once. */
  readonly scored?: readonly ScoredPlace[]
  /** Nothing is generated: the result is a vector. */
  readonly embedding?: Embedding
}
