import { assert } from '../core/assert'
import type { Draw, Drawn } from '../core/batch'
import { isEditedByHistory } from '../core/sampling-params'
import type { DrawRow } from '../kernels/draw-row'
import type { LogitEdit } from '../kernels/edit-logits'
import { NO_TOKEN } from '../kernels/sample'

/** Below this a temperature is greedy: the quotient logit / temperature must stay finite. */
const LEAST_TEMPERATURE = 1e-5

const NO_EDITS: readonly LogitEdit[] = []

/** Words of one result: the token, its log-probability, and as many pairs as the draw with most asks for. */
export function resultStride(draws: readonly Draw[]): number {
  return draws.reduce((most, { chunk }) => Math.max(most, 2 + 2 * (chunk.sequence.params.logprobs ?? 0)), 2)
}

/** Least temperature at which the kernels draw from logits as they are (LOW_TEMPERATURE of shaders/sample.wgsl). */
const LOW_TEMPERATURE = 0.1

/** Whether a draw has to see its whole row of logits: they are edited, truncated or reported, or very cold. */
export function needsLogits({ chunk }: Draw): boolean {
  const { params } = chunk.sequence
  const { temperature, topK, topP, minP, logprobs, logitBias } = params
  if (isEditedByHistory(params) || logitBias.size > 0 || logprobs !== undefined) return true
  if (temperature < LEAST_TEMPERATURE) return false
  return temperature < LOW_TEMPERATURE || topK > 0 || topP < 1 || minP > 0
}

/**
 * The record of a draw, whose result goes to row `result`. The token that goes on where the chunk ends is left in its
 * sequence's slot, for the next step; any other in `spareSlot`, which nobody reads. `mask`: where the row's mask starts in the
 * step's arena, if it has one.
 */
export function drawRow({ chunk, position }: Draw, result: number, spareSlot: number, mask = 0): DrawRow {
  const { sequence, start, count, slot } = chunk
  const { params } = sequence
  return {
    temperature: params.temperature < LEAST_TEMPERATURE ? 0 : params.temperature,
    topK: params.topK,
    topP: params.topP,
    minP: params.minP,
    seed: params.seed,
    position,
    numLogprobs: params.logprobs ?? -1,
    slot: position === start + count ? slot : spareSlot,
    result,
    repetition: params.repetitionPenalty,
    presence: params.presencePenalty,
    frequency: params.frequencyPenalty,
    mask,
  }
}

/** The edits that a draw's bias and penalties make in row `row` of the logits; none if it has neither. */
export function logitEdits({ chunk, position }: Draw, row: number): readonly LogitEdit[] {
  const { sequence, start, tokens } = chunk
  const { params, promptLen } = sequence
  if (params.logitBias.size === 0 && !isEditedByHistory(params)) return NO_EDITS
  const edits = new Map<number, { row: number; tokenId: number; count: number; isInPrompt: boolean; bias: number }>()
  const editOf = (tokenId: number) => {
    const edit = edits.get(tokenId) ?? { row, tokenId, count: 0, isInPrompt: false, bias: 0 }
    edits.set(tokenId, edit)
    return edit
  }
  for (const [tokenId, bias] of params.logitBias) editOf(tokenId).bias = bias
  if (isEditedByHistory(params)) {
    const history = [...sequence.tokens.slice(0, start), ...tokens.slice(0, position - start)]
    assert(
      history.length === position,
      `sequence ${sequence.id} has penalties, but of its first ${position} tokens only ${history.length} are known`,
    )
    if (params.repetitionPenalty !== 1) for (const id of history.slice(0, promptLen)) editOf(id).isInPrompt = true
    for (const id of history.slice(promptLen)) editOf(id).count += 1
  }
  return [...edits.values()]
}

/**
 * The outcomes of a step's draws, in their order, from the results read back.
 * `tokenId` is `NO_TOKEN` where every logit was NaN or infinite.
 */
export function parseResults(draws: readonly Draw[], results: ArrayBuffer): Drawn[] {
  const [ids, floats] = [new Uint32Array(results), new Float32Array(results)]
  const stride = resultStride(draws)
  return draws.map(({ chunk }, index) => {
    const start = index * stride
    const tokenId = ids[start]
    const { logprobs } = chunk.sequence.params
    if (logprobs === undefined || tokenId === NO_TOKEN) return { tokenId }
    const topLogprobs = Array.from({ length: logprobs }, (_, rank) => {
      const pair = start + 2 + 2 * rank
      return { tokenId: ids[pair], logprob: floats[pair + 1] }
    })
    // a small vocabulary, or one with infinite logits, can have fewer tokens than asked for
    return { tokenId, logprob: floats[start + 1], topLogprobs: topLogprobs.filter(top => top.tokenId !== NO_TOKEN) }
  })
}
