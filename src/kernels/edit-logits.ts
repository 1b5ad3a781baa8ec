import type { KernelContext } from './context'
import { flatGrid } from './grid'

/** A change of one logit before a draw, by penalties and a bias. A (row, token) pair has at most one edit. */
export interface LogitEdit {
  /** Row of the logits; its penalties are those of its `DrawRow`. */
  readonly row: number
  /** Below the vocabulary's size, or another row is edited. */
  readonly tokenId: number
  /** How often the token occurs in the sequence's output. */
  readonly count: number
  readonly isInPrompt: boolean
  readonly bias: number
}

/** Words of the step's arena that an edit takes. */
export const EDIT_WORDS = 4
/** The bit of a token that is in the prompt, beside its count. */
const IN_PROMPT = 2 ** 31
/** The shader's workgroup size. */
const WG_SIZE = 64

/** Penalties and bias on single logits, f32 [numRows, vocabSize], in place. Returns the recorder of one call. */
export function editLogits({ kernels, step }: KernelContext, vocabSize: number, logits: GPUBuffer) {
  const call = kernels.get({ name: 'edit-logits' }).bind(step.arena, { logits, arena: step.arena })
  /** `firstRow`: where the rows' records start (`pushDrawRows`). */
  return (edits: readonly LogitEdit[], firstRow: number): void => {
    const start = step.reserve(edits.length * EDIT_WORDS)
    const { u32, f32 } = step.view(start, edits.length * EDIT_WORDS)
    edits.forEach(({ row, tokenId, count, isInPrompt, bias }, index) => {
      u32.set([row, tokenId, count + (isInPrompt ? IN_PROMPT : 0)], index * EDIT_WORDS)
      f32[index * EDIT_WORDS + 3] = bias
    })
    const params = { n_edits: edits.length, vocab: vocabSize, first_edit: start, first_row: firstRow }
    step.dispatch(call, params, flatGrid(Math.ceil(edits.length / WG_SIZE)))
  }
}
