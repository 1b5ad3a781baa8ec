import type { KernelContext } from './context'
import { flatGrid } from './grid'

/** Tokens of a row that a workgroup looks at, as in the shader. */
const STRETCH = 2048

/**
 * Sets the logits, f32 [numRows, vocabSize], of tokens that the rows' masks do not admit to -Infinity, which is never drawn;
 * rows without a mask stay as they are. Returns the recorder of one call.
 */
export function maskLogits({ kernels, step }: KernelContext, vocabSize: number, logits: GPUBuffer) {
  const call = kernels.get({ name: 'mask-logits' }).bind(step.arena, { arena: step.arena, logits })
  const numStretches = Math.ceil(vocabSize / STRETCH)
  /** `firstRow`: where the rows' records start (`pushDrawRows`). */
  return (numRows: number, firstRow: number): void => {
    const params = { n_rows: numRows, vocab: vocabSize, n_stretches: numStretches, first_row: firstRow }
    step.dispatch(call, params, flatGrid(numRows * numStretches))
  }
}
