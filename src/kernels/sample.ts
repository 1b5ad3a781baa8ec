import type { KernelContext } from './context'
import { flatGrid } from './grid'

export interface SampleBuffers {
  /** f32 [numRows, vocabSize] */
  readonly logits: GPUBuffer
  /** u32 [any, resultStride]: token id, then if asked the bits of its logprob and n × (id, bits), best first */
  readonly results: GPUBuffer
  /** u32 [slots]: the drawn token of each row, at its slot */
  readonly last_tokens: GPUBuffer
}

export interface SampleCall {
  readonly numRows: number
  /** Where the rows' records start (`pushDrawRows`). */
  readonly firstRow: number
  /** Words of a result: 2 + 2 · (most likely tokens asked for), as much as the row with most asks. */
  readonly resultStride: number
}

/** The id of a row whose logits are all NaN or infinite. */
export const NO_TOKEN = 0xffffffff

/** Draws a token per row of logits. Returns the recorder of one call. */
export function sample({ kernels, step }: KernelContext, vocabSize: number, buffers: SampleBuffers) {
  const call = kernels.get({ name: 'sample' }).bind(step.arena, { ...buffers, arena: step.arena })
  return ({ numRows, firstRow, resultStride }: SampleCall): void => {
    const params = { n_rows: numRows, vocab: vocabSize, first_row: firstRow, result_stride: resultStride }
    step.dispatch(call, params, flatGrid(numRows))
  }
}
