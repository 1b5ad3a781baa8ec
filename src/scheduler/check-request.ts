import { BLOCK_LEN, blocksFor } from '../core/block'
import { InvalidRequest } from '../core/errors'
import type { Sequence } from '../core/sequence'
import type { BlockPool } from '../kv/block-pool'

/**
 * Throws `InvalidRequest` if the sequence could not run to its end even alone, or has a token that the model does not:
 * kernels would read whatever is in its place. Lengths in tokens. `mostBlocks`: that a sequence of any length takes from
 * each pool at once.
 */
export function checkRequest(
  { tokens, promptLen, maxLen }: Sequence,
  vocabSize: number,
  contextLength: number,
  pools: readonly BlockPool[],
  mostBlocks: readonly number[],
): void {
  if (promptLen === 0) throw new InvalidRequest('The prompt is empty; give at least 1 token.')
  const foreign = foreignToken(tokens, vocabSize)
  if (foreign >= 0) {
    throw new InvalidRequest(
      `Token ${foreign} of the prompt is ${String(tokens[foreign])}, but ids go from 0 to ${vocabSize - 1}.`,
    )
  }
  if (promptLen >= maxLen) {
    throw new InvalidRequest(
      `The prompt of ${promptLen} tokens leaves no room for output within ${maxLen} tokens; shorten it.`,
    )
  }
  if (maxLen > contextLength) {
    throw new InvalidRequest(
      `The prompt and output may be ${maxLen} tokens long, but the context is ${contextLength}; shorten the prompt or ask for fewer tokens.`,
    )
  }
  // The token drawn last is never fed back, so it needs no K and V.
  for (const [index, { numBlocks }] of pools.entries()) {
    const needed = Math.min(blocksFor(maxLen - 1), mostBlocks[index])
    if (needed <= numBlocks) continue
    throw new InvalidRequest(
      `The prompt and output may be ${maxLen} tokens long, which takes ${needed} blocks of ${BLOCK_LEN}, but the KV cache has ${numBlocks}; ask for fewer tokens or give it more memory.`,
    )
  }
}

/** The index of the first token that a model of so many tokens does not have; -1 if there is none. */
export function foreignToken(tokens: readonly number[], vocabSize: number): number {
  for (let index = 0; index < tokens.length; index++) {
    const id = tokens[index]
    if (!(Number.isInteger(id) && id >= 0 && id < vocabSize)) return index
  }
  return -1
}
