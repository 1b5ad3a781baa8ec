import { assert } from '../core/assert'
import { type Draw, type Drawn, isInPrompt } from '../core/batch'
import { isEditedByHistory } from '../core/sampling-params'
import type { DrawRow } from '../kernels/draw-row'
import type { LogitEdit } from '../kernels/edit-logits'
import { NO_TOKEN } from '../kernels/sample'

/** Below this a temperature is greedy: the quotient logit / temperature must stay finite. */
const LEAST_TEMPERATURE = 1e-5

const NO_EDITS: readonly LogitEdit[] = []

/** Below this a log-probability is that of a token whose logit is infinite: the kernel clamps it. */
const NEVER = -1e29

/** Most likely tokens that a draw is to report; undefined: none, nor the log-probability of what is drawn. */
function logprobsOf(draw: Draw): number | undefined {
  const { promptLogprobs, logprobs } = draw.chunk.sequence.params
  return isInPrompt(draw) ? promptLogprobs : logprobs
}

/** Words of one result: the token, its log-probability, and as many pairs as the draw with most asks for. */
export function resultStride(draws: readonly Draw[]): number {
  return draws.reduce((most, draw) => Math.max(most, 2 + 2 * (logprobsOf(draw) ?? 0)), 2)
}

/** [draws + 1] The word of the results at which each draw's scores start, behind all that was drawn; the last: their end. */
export function scoreStarts(draws: readonly Draw[]): number[] {
  let end = draws.length * resultStride(draws)
  const starts = draws.map(({ scored }) => {
    end += scored?.length ?? 0
    return end - (scored?.length ?? 0)
  })
  return [...starts, end]
}

/** Least temperature at which the kernels draw from logits as they are (LOW_TEMPERATURE of shaders/sample.wgsl). */
const LOW_TEMPERATURE = 0.1

/** Whether a draw has to see its whole row of logits: they are edited, truncated or reported, or very cold. */
export function needsLogits({ chunk, scored }: Draw): boolean {
  const { params } = chunk.sequence
  if (scored) return true
  const { temperature, topK, topP, minP, logprobs, logitBias } = params
  if (isEditedByHistory(params) || logitBias.size > 0 || logprobs !== undefined) return true
  if (temperature < LEAST_TEMPERATURE) return false
  return temperature < LOW_TEMPERATURE || topK > 0 || topP < 1 || minP > 0
}

/**
 * The record of a draw, whose result goes to row `result`. The token that goes on where the chunk ends is left in its
 * sequence's slot, for the next step; any other in `spareSlot`, which nobody reads. `mask`, `scored`: where the row's mask and its
 * list of scored tokens start in the step's arena, if it has them.
 */
export function drawRow(draw: Draw, result: number, spareSlot: number, mask = 0, scored = 0): DrawRow {
  const { position } = draw
  const { sequence, start, count, slot } = draw.chunk
  const { params } = sequence
  return {
    temperature: isInPrompt(draw) || params.temperature < LEAST_TEMPERATURE ? 0 : params.temperature,
    topK: params.topK,
    topP: params.topP,
    minP: params.minP,
    seed: params.seed,
    position,
    numLogprobs: logprobsOf(draw) ?? -1,
    slot: position === start + count ? slot : spareSlot,
    result,
    repetition: params.repetitionPenalty,
    presence: params.presencePenalty,
    frequency: params.frequencyPenalty,
    mask,
    scored,
  }
}

/** The edits that a draw's bias and penalties make in row `row` of the logits; none if it has neither. */
export function logitEdits(draw: Draw, row: number): readonly LogitEdit[] {
  const { position } = draw
  const { sequence, start, tokens } = draw.chunk
  const { params, promptLen } = sequence
  if (isInPrompt(draw)) return NO_EDITS
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
  const starts = scoreStarts(draws)
  return draws.map((draw, index) => {
    const start = index * stride
    const tokenId = ids[start]
    if (tokenId === NO_TOKEN) return { tokenId }
    const scores =
      draw.scored && floats.slice(starts[index], starts[index + 1]).map(score => (score < NEVER ? -Infinity : score))
    const logprobs = logprobsOf(draw)
    if (logprobs === undefined) return scores ? { tokenId, scores } : { tokenId }
    const topLogprobs = Array.from({ length: logprobs }, (_, rank) => {
      const pair = start + 2 + 2 * rank
      return { tokenId: ids[pair], logprob: floats[pair + 1] }
    })
    // a small vocabulary, or one with infinite logits, can have fewer tokens than asked for
    const top = topLogprobs.filter(top => top.tokenId !== NO_TOKEN)
    return { tokenId, logprob: floats[start + 1], topLogprobs: top, ...(scores && { scores }) }
  })
}
