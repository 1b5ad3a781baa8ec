import { assert } from '../core/assert'
import type { Chunk } from '../core/batch'
import type { KernelContext } from '../kernels/context'
import { pushDrawRows } from '../kernels/draw-row'
import { editLogits, type LogitEdit } from '../kernels/edit-logits'
import { sample } from '../kernels/sample'
import { drawRow, logitEdits, resultStride } from './draw-inputs'

export { NO_TOKEN } from '../kernels/sample'

/** Most likely tokens that a draw can report (OpenAI's limit): bounds the results and the kernel's passes for them. */
export const MAX_LOGPROBS = 20

export interface SamplerBuffers {
  /** f32 [rows of a slab, vocabSize] */
  readonly logits: GPUBuffer
  /** Written by every draw, read back once per step; `resultBytes` are used. */
  readonly results: GPUBuffer
  /** u32 [slots]: the drawn token of each sequence, for the next step's embedding. */
  readonly lastTokens: GPUBuffer
}

/** Bytes of the results of a step with these draws. */
export function resultBytes(draws: readonly Chunk[]): number {
  return draws.length * resultStride(draws) * 4
}

/** Bytes of the results buffer of an engine that runs `numSequences` at once. */
export function maxResultBytes(numSequences: number): number {
  return numSequences * (2 + 2 * MAX_LOGPROBS) * 4
}

/**
 * Draws tokens from logits, all on the GPU. `draws` are a step's drawing chunks, in any order that stays the same:
 *
 *     for each slab [first, first + numRows) of draws:
 *       … final norm and LM head of these rows → logits
 *       sampler.record(draws, first, numRows)
 *     step.copy(results, 0, target, 0, resultBytes(draws)); step.submit()
 *     parseResults(draws, await ring.read(target, resultBytes(draws)))
 */
export class Sampler {
  readonly #edit: ReturnType<typeof editLogits>
  readonly #sample: ReturnType<typeof sample>
  readonly #context: KernelContext
  readonly #vocabSize: number
  readonly #buffers: SamplerBuffers

  constructor(context: KernelContext, vocabSize: number, buffers: SamplerBuffers) {
    this.#context = context
    this.#vocabSize = vocabSize
    this.#buffers = buffers
    this.#edit = editLogits(context, vocabSize, buffers.logits)
    this.#sample = sample(context, vocabSize, buffers)
  }

  /** Draws for `draws[first]`, … whose logits are rows 0, …, numRows - 1 of the logits buffer. Edits them in place. */
  record(draws: readonly Chunk[], first: number, numRows: number): void {
    const { logits, results } = this.#buffers
    assert(numRows * this.#vocabSize * 4 <= logits.size, `sampler: ${numRows} rows of logits exceed their buffer`)
    assert(resultBytes(draws) <= results.size, `sampler: ${draws.length} results exceed their buffer`)
    const slab = draws.slice(first, first + numRows)
    const firstRow = pushDrawRows(
      this.#context.step,
      slab.map((chunk, row) => drawRow(chunk, first + row)),
    )
    const edits: LogitEdit[] = []
    slab.forEach((chunk, row) => {
      for (const edit of logitEdits(chunk, row)) edits.push(edit)
    })
    this.#edit(edits, firstRow)
    this.#sample({ numRows, firstRow, resultStride: resultStride(draws) })
  }
}
