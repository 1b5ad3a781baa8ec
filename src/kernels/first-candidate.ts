import type { KernelContext } from './context'
import { flatGrid } from './grid'
import { numTiles } from './matrix-format'

export interface FirstCandidateBuffers {
  /** u32 [numRows, whole tiles of the vocabulary, 2]: what `matmul` leaves with the option `isDrawn` */
  readonly candidates: GPUBuffer
  /** u32 [any, resultStride]: the token's id comes first */
  readonly results: GPUBuffer
  /** u32 [slots]: the drawn token of each row, at its slot */
  readonly lastTokens: GPUBuffer
}

export interface FirstCandidateCall {
  readonly numRows: number
  /** Where the rows' records start (`pushDrawRows`). */
  readonly firstDraw: number
  /** Words of a result. */
  readonly resultStride: number
}

/**
 * Draws a token per row from the candidates of a product with the LM head: what `sample` draws from its logits, without
 * truncation and log-probabilities. Returns the recorder of one call.
 */
export function firstCandidate({ kernels, step }: KernelContext, vocabSize: number, buffers: FirstCandidateBuffers) {
  const { candidates, results, lastTokens } = buffers
  const kernel = kernels.get({ name: 'first-candidate' })
  const call = kernel.bind(step.arena, { arena: step.arena, candidates, results, last_tokens: lastTokens })
  const params = { n_rows: 0, n_tiles: numTiles([vocabSize]), first_draw: 0, result_stride: 0 }
  return ({ numRows, firstDraw, resultStride }: FirstCandidateCall): void => {
    params.n_rows = numRows
    params.first_draw = firstDraw
    params.result_stride = resultStride
    step.dispatch(call, params, flatGrid(numRows))
  }
}
