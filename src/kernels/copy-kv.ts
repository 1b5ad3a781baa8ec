import { type KvHeads, kvWords } from '../core/kv-format'
import type { KernelContext } from './context'
import { flatGrid } from './grid'
import { type KvLayer, kvModule } from './kv-cache'

/** u32 in a record of the list of copies: from, to, each block · BLOCK_LEN + offset in the block. */
export const COPY_FIELDS = 2

/** The shader's workgroup size. */
const WG_SIZE = 64

/**
 * Copies K and V of single tokens, in all heads. Returns the recorder of one call, which takes the word of the arena where
 * the list of copies starts. No token may be both copied from and copied to.
 */
export function copyKv({ kernels, step }: KernelContext, { numKvHeads, headDim }: KvHeads, { format, k, v }: KvLayer) {
  const constants = { KV_HEADS: numKvHeads, HEAD_DIM: headDim }
  const kernel = kernels.get({ name: 'copy-kv', modules: kvModule(format), constants })
  const call = kernel.bind(step.arena, { arena: step.arena, k_cache: k, v_cache: v })
  const numWords = kvWords(format, headDim)
  return (firstCopy: number, numCopies: number): void => {
    const numThreads = numCopies * numKvHeads * numWords
    step.dispatch(call, { copies: firstCopy, n_copies: numCopies }, flatGrid(Math.ceil(numThreads / WG_SIZE)))
  }
}
