import type { ReadParams } from './reads'

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
