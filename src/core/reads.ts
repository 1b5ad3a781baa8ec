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

/** What is read of a sequence's rows, beside the draws at its end. Rows are counted as tokens are, from the start. */
export interface Reads {
  /** The first row that is read. It and those after it must be computed: others' K and V are taken over up to here. */
  readonly firstRow: number
  /** Whether vectors are read, in place of logits, and nothing is drawn. */
  readonly isEmbedding: boolean
  /** Whether a row before the last is read. */
  isRead(row: number): boolean
  /** The tokens that are scored after a row; undefined where none are. */
  scoredAfter(row: number): readonly number[] | undefined
}

/** What is asked of a prompt; undefined if it is nothing but what follows. @param tokens the prompt's */
export function readsOf(
  { promptLogprobs, scored, embedding }: ReadParams,
  tokens: readonly number[],
): Reads | undefined {
  const last = tokens.length - 1
  if (embedding) {
    const isMean = embedding === 'mean'
    return { firstRow: isMean ? 0 : last, isEmbedding: true, isRead: () => isMean, scoredAfter: () => undefined }
  }
  if (promptLogprobs !== undefined) {
    const scoredAfter = (row: number) => (row < last ? [tokens[row + 1]] : undefined)
    return { firstRow: 0, isEmbedding: false, isRead: () => true, scoredAfter }
  }
  if (!scored) return undefined
  const places = new Map(scored.map(({ position, tokenIds }) => [position - 1, tokenIds]))
  return {
    firstRow: scored.reduce((first, { position }) => Math.min(first, position - 1), last),
    isEmbedding: false,
    isRead: row => places.has(row),
    scoredAfter: row => places.get(row),
  }
}
