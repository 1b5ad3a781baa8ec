import type { KernelContext } from './context'
import { flatGrid } from './grid'

export interface SampleBuffers {
  /** f32 [numRows, vocabSize] */
  readonly logits: GPUBuffer
  /** u32 [any, resultStride]: token id, then if asked the bits of its logprob and n × (id, bits), best first */
  readonly results: GPUBuffer
  /** u32 [slots]: the drawn token of each row, at its slot */
  readonly lastTokens: GPUBuffer
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

/** Tokens of a vocabulary for which 64 threads a row do; where threads are emulated (SwiftShader), 256 take seven times as long. */
const SMALL_VOCAB = 4096

/** Draws a token per row of logits. Returns the recorder of one call. */
export function sample({ kernels, step }: KernelContext, vocabSize: number, buffers: SampleBuffers) {
  const { logits, results, lastTokens } = buffers
  const constants = { WG_SIZE: vocabSize > SMALL_VOCAB ? 256 : 64 }
  const kernel = kernels.get({ name: 'sample', constants })
  const call = kernel.bind(step.arena, { arena: step.arena, logits, results, last_tokens: lastTokens })
  return ({ numRows, firstRow, resultStride }: SampleCall): void => {
    const params = { n_rows: numRows, vocab: vocabSize, first_row: firstRow, result_stride: resultStride }
    step.dispatch(call, params, flatGrid(numRows))
  }
}
