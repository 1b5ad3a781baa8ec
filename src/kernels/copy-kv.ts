import type { KernelContext } from './context'
import { flatGrid } from './grid'
import type { AttentionShape, KvLayer } from './kv-cache'

/** u32 in a record of the list of copies: from, to, each block · BLOCK_LEN + offset in the block. */
export const COPY_FIELDS = 2

/** The shader's workgroup size. */
const WG_SIZE = 64

/**
 * Copies K and V of single tokens, in all heads. Returns the recorder of one call, which takes the word of the arena where
 * the list of copies starts. No token may be both copied from and copied to.
 */
export function copyKv(
  { kernels, step }: KernelContext,
  { numKvHeads, headDim }: Pick<AttentionShape, 'numKvHeads' | 'headDim'>,
  { k, v }: KvLayer,
) {
  const kernel = kernels.get({ name: 'copy-kv', constants: { KV_HEADS: numKvHeads, HEAD_DIM: headDim } })
  const call = kernel.bind(step.arena, { arena: step.arena, k_cache: k, v_cache: v })
  return (firstCopy: number, numCopies: number): void => {
    const numThreads = numCopies * numKvHeads * (headDim / 4)
    step.dispatch(call, { copies: firstCopy, n_copies: numCopies }, flatGrid(Math.ceil(numThreads / WG_SIZE)))
  }
}
