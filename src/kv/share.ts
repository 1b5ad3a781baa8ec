/**
 * Among whom prefixes are shared: sequences of one scope, the same object, and no others. What computes K and V has a scope
 * of its own, since the same tokens give others there: the model as it is has `COMMON`, an adapter would have another.
 * A plan has more, to say who shares with whom.
 */
export interface Scope {
  /** What computes its K and V, or which sequences it is for. */
  readonly name: string
  /** What no sequence claims any more is kept until its blocks are needed; else it is given up at once. */
  readonly remembers: boolean
}

/** What a prompt may take from, and leave for, others of its scope: its first `numTokens` tokens. */
export interface Share {
  readonly scope: Scope
  /** Less than the prompt's length: its last token must be computed for its logits. */
  readonly numTokens: number
}

/** The scope of the model as it is. */
export const COMMON: Scope = { name: 'common', remembers: true }

/** The share of who shares nothing, with anyone. */
export const NOTHING: Share = { scope: { name: 'alone', remembers: false }, numTokens: 0 }
