/**
 * Tokens in a KV block, in which the cache is allocated; prefixes are shared token by token, so where one ends inside a
 * block, that block is copied. The shaders' BLOCK_LEN.
 */
export const BLOCK_LEN = 16

/**
 * Keys whose softmax is a state of its own; states are joined in order, so this decides every bit of attention. Long enough
 * that a state costs little beside its keys, short enough that prefixes share most of theirs. A multiple of BLOCK_LEN, and
 * of the keys that the kernel takes at once.
 */
export const SEGMENT_TOKENS = 128

/** Where one KV group has a stretch of tokens, which begins in the first block. */
export interface BlockTable {
  /** Each has the 16 positions after those of the one before; the last may be partly filled. */
  readonly blocks: number[]
  /** How many of the first are given up, since no token to come sees them: what they name may be anyone's. */
  numFreed: number
}

/** Blocks that hold `numTokens` tokens. */
export function blocksFor(numTokens: number): number {
  return Math.ceil(numTokens / BLOCK_LEN)
}
