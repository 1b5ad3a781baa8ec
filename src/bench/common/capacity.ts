import type { Shape } from './shapes'
import { numTurns, requests } from './workloads'

/** Tokens of a block of the engine's KV cache, which its public API does not name. */
const BLOCK_LEN = 16

/** Most blocks of the KV cache, where options give no number: there are enough for all prompts, but no more than this. */
const MOST_BLOCKS = 8192

/** Memory that a shape needs: context in tokens for its longest sequence, blocks for all sequences of a turn to run together. */
export function capacity(shape: Shape): { readonly contextLength: number; readonly blocks: number } {
  const turns = numTurns(shape)
  // a rehearsal of the last turn, in which nobody has been answered
  const silence = Array.from({ length: turns - 1 }, () => [])
  const lengths = requests(shape, { seed: 0, vocabSize: 2 ** 12 }, silence).map(
    // one more, since decoding alone is measured against a first token
    ({ tokens, maxTokens }) => tokens.length + turns * maxTokens + 1,
  )
  const blocks = lengths.map(length => Math.ceil(length / BLOCK_LEN))
  const longest = Math.max(...blocks)
  const all = blocks.reduce((total, each) => total + each, 0)
  return { contextLength: longest * BLOCK_LEN, blocks: Math.max(longest, Math.min(all, MOST_BLOCKS)) }
}
