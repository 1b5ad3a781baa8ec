import type { AttentionBuffers } from './attention'
import type { KernelContext } from './context'
import { flatGrid } from './grid'
import type { AttentionShape } from './kv-cache'

/** The shader's workgroup size. */
const WG_SIZE = 64

/**
 * out[token] = the states of its keys' parts, joined in their order (Hydragen, arXiv:2402.05099). Returns the
 * recorder of one call, which takes the word of the arena where the list of merges (attention/plan.ts) starts.
 */
export function mergeAttention(
  { kernels, step }: KernelContext,
  { numHeads, headDim }: Pick<AttentionShape, 'numHeads' | 'headDim'>,
  { partialO, partialStats, out }: Pick<AttentionBuffers, 'partialO' | 'partialStats' | 'out'>,
) {
  const kernel = kernels.get({ name: 'merge-attention' })
  const buffers = { partial_o: partialO, partial_stats: partialStats, out }
  const call = kernel.bind(step.arena, { arena: step.arena, ...buffers })
  return (firstMerge: number, numMerges: number): void => {
    const params = { merges: firstMerge, n_merges: numMerges, heads: numHeads, dim4: headDim / 4 }
    const numThreads = numMerges * params.heads * params.dim4
    step.dispatch(call, params, flatGrid(Math.ceil(numThreads / WG_SIZE)))
  }
}
