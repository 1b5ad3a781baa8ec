/**
 * Among whom prefixes are shared: sequences of one scope, the same object, and no others. What computes K and V has a scope
 * of its own, since the same tokens give others there: the model as it is has `COMMON`, an adapter would have another.
 * A plan has more, to say who shares with whom.
 */
export interface Scope {
  /** The name of what computes the scope's K and V, or of the sequences that it is for. */
  readonly name: string
  /** Whether blocks that no sequence claims any more are kept until they are needed; else they are given up at once. */
  readonly remembers: boolean
}

/** The part of a prompt that it may take from, and leave for, others of its scope: its first `numTokens` tokens. */
export interface Share {
  readonly scope: Scope
  /** Less than the prompt's length: its last token must be computed for its logits. */
  readonly numTokens: number
  /** Tokens that are taken over at most; the others are left for others, and computed for what is read in them. Default: all. */
  readonly numTakeable?: number
}

/** The scope of the model as it is. */
export const COMMON: Scope = { name: 'common', remembers: true }

/** The share of who shares nothing, with anyone. */
export const NOTHING: Share = { scope: { name: 'alone', remembers: false }, numTokens: 0 }
