/** Tokens in a KV block: the granule of allocation and of prefix sharing. The shaders' BLOCK_LEN. */
export const BLOCK_LEN = 16

/** Blocks that hold `numTokens` tokens. */
export function blocksFor(numTokens: number): number {
  return Math.ceil(numTokens / BLOCK_LEN)
}
