import type { InvalidRequest } from './errors'

/** Holds what a sequence says to a grammar. */
export interface Constraint {
  /** u32 [ceil(vocabulary / 32)], bit id % 32 of word id / 32: the tokens that may follow. Shared by sequences, not to be written. */
  readonly mask: Uint32Array
  /** Whether nothing can follow, not even an end of sequence. */
  readonly isDone: boolean
  /** Why it can hold no more: the mask admits nothing then. */
  readonly failure: InvalidRequest | undefined
  /** A token has been said. */
  advance(tokenId: number): void
}
