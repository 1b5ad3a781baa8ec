import { assert } from '../core/assert'
import { type Draw, isInPrompt } from '../core/batch'
import { MAX_SCORED } from '../core/reads'
import { MAX_LOGPROBS } from '../core/sampling-params'
import type { KernelContext } from '../kernels/context'
import { pushDrawRows } from '../kernels/draw-row'
import { editLogits } from '../kernels/edit-logits'
import { firstCandidate } from '../kernels/first-candidate'
import { maskLogits } from '../kernels/mask-logits'
import { sample } from '../kernels/sample'
import { drawRow, logitEdits, resultStride, scoreStarts } from './draw-inputs'

export { NO_TOKEN } from '../kernels/sample'

export interface SamplerBuffers {
  /** f32 [rows of a slab, vocabSize], or candidates among them */
  readonly logits: GPUBuffer
  /** Written by every draw, read back once per step; `resultBytes` are used. */
  readonly results: GPUBuffer
  /** u32 [slots + 1]: the drawn token of each sequence, for the next step's embedding; the last takes what is never embedded. */
  readonly lastTokens: GPUBuffer
}

/** Bytes of the results of a step with these draws. */
export function resultBytes(draws: readonly Draw[]): number {
  return scoreStarts(draws)[draws.length] * 4
}

/** Bytes of the results buffer of an engine with `numRows` in a step at most: each may be drawn from. */
export function maxResultBytes(numRows: number): number {
  return numRows * (2 + 2 * MAX_LOGPROBS + MAX_SCORED) * 4
}

/**
 * Draws tokens from logits, all on the GPU. `draws` are those of a step, in any order that stays the same, and `rows`
 * which of them, by index, have rows 0, 1, … of the logits:
 *
 *     for each slab of rows:
 *       const firstDraw = sampler.pushRecords(draws, rows)
 *       … final norm and LM head of these rows → logits, or candidates
 *       sampler.drawFromLogits(draws, rows, firstDraw), or drawFromCandidates
 *     step.copy(results, 0, target, 0, resultBytes(draws)); step.submit()
 *     parseResults(draws, await ring.read(target, resultBytes(draws)))
 */
export class Sampler {
  readonly #edit: ReturnType<typeof editLogits>
  readonly #mask: ReturnType<typeof maskLogits>
  readonly #sample: ReturnType<typeof sample>
  readonly #first: ReturnType<typeof firstCandidate>
  readonly #context: KernelContext
  readonly #vocabSize: number
  readonly #buffers: SamplerBuffers

  constructor(context: KernelContext, vocabSize: number, buffers: SamplerBuffers) {
    this.#context = context
    this.#vocabSize = vocabSize
    this.#buffers = buffers
    this.#edit = editLogits(context, vocabSize, buffers.logits)
    this.#mask = maskLogits(context, vocabSize, buffers.logits)
    this.#sample = sample(context, vocabSize, buffers)
    this.#first = firstCandidate(context, vocabSize, { ...buffers, candidates: buffers.logits })
  }

  /** Tells the GPU how each of the rows is drawn. Returns where their records start in the arena, in words. */
  pushRecords(draws: readonly Draw[], rows: readonly number[]): number {
    const { results, lastTokens } = this.#buffers
    assert(resultBytes(draws) <= results.size, `sampler: ${draws.length} results exceed their buffer`)
    const spareSlot = lastTokens.size / 4 - 1
    const masks = this.#pushMasks(draws, rows)
    const scored = this.#pushScored(draws, rows)
    return pushDrawRows(
      this.#context.step,
      rows.map((row, place) => drawRow(draws[row], row, spareSlot, masks[place], scored[place])),
    )
  }

  /** Puts the rows' lists of scored tokens into the step. Returns where they start in the arena, in words; undefined without one. */
  #pushScored(draws: readonly Draw[], rows: readonly number[]): (number | undefined)[] {
    if (!rows.some(row => draws[row].scored)) return []
    const starts = scoreStarts(draws)
    return rows.map(row => {
      const { scored } = draws[row]
      if (!scored) return undefined
      const start = this.#context.step.push([scored.length, starts[row], ...scored])
      assert(start > 0, 'sampler: a list of tokens starts where the arena does, which means that there is none')
      return start
    })
  }

  /** Puts the rows' masks into the step, each once. Returns where they start in the arena, in words; undefined without one. */
  #pushMasks(draws: readonly Draw[], rows: readonly number[]): (number | undefined)[] {
    const starts = new Map<Uint32Array, number>()
    return rows.map(row => {
      const mask = draws[row].chunk.sequence.constraint?.mask
      if (!mask || isInPrompt(draws[row])) return undefined
      const start = starts.get(mask) ?? this.#context.step.push(mask)
      assert(start > 0, 'sampler: a mask starts where the arena does, which means that there is none')
      starts.set(mask, start)
      return start
    })
  }

  /** Draws from whole rows of logits, which it edits in place. */
  drawFromLogits(draws: readonly Draw[], rows: readonly number[], firstDraw: number): void {
    const { logits } = this.#buffers
    assert(
      rows.length * this.#vocabSize * 4 <= logits.size,
      `sampler: ${rows.length} rows of logits exceed their buffer`,
    )
    const edits = rows.flatMap((row, place) => logitEdits(draws[row], place))
    this.#edit(edits, firstDraw)
    // after the edits, whose arithmetic WGSL does not promise for infinities
    if (rows.some(row => draws[row].chunk.sequence.constraint)) this.#mask(rows.length, firstDraw)
    this.#sample({ numRows: rows.length, firstRow: firstDraw, resultStride: resultStride(draws) })
  }

  /** Draws from the candidates that the LM head's product has left, for rows that do not need their logits. */
  drawFromCandidates(draws: readonly Draw[], rows: readonly number[], firstDraw: number): void {
    this.#first({ numRows: rows.length, firstDraw, resultStride: resultStride(draws) })
  }
}
