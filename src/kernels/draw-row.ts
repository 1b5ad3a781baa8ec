import type { Step } from '../gpu/step'

/** How the token after one row of logits is drawn. */
export interface DrawRow {
  /** 0: greedy */
  readonly temperature: number
  /** 0: all */
  readonly topK: number
  /** 1: all */
  readonly topP: number
  /** 0: all */
  readonly minP: number
  /** u32 */
  readonly seed: number
  /** Position of the token to draw, in tokens from the sequence's start. */
  readonly position: number
  /** Most likely tokens to report beside the drawn one; -1: no log-probabilities at all. */
  readonly numLogprobs: number
  /** Slot of `lastTokens` in which the next step finds the drawn token. */
  readonly slot: number
  /** Row of the results. */
  readonly result: number
  /** Penalties, for `editLogits`: 1, 0 and 0 are off. */
  readonly repetition: number
  readonly presence: number
  readonly frequency: number
  /** Where the row's mask starts in the arena, in words; 0: all tokens may be drawn. */
  readonly mask: number
  /** Where the row's list of scored tokens starts in the arena, in words: how many, the word of the results for the first, ids; 0: none. */
  readonly scored: number
}

/** Fields of the shaders' `struct DrawRow` (shaders/shared/draw-row.wgsl) in order, one word each, and how the word is written. */
export const DRAW_ROW_FIELDS = [
  ['temperature', 'f32'],
  ['topK', 'u32'],
  ['topP', 'f32'],
  ['minP', 'f32'],
  ['seed', 'u32'],
  ['position', 'u32'],
  ['numLogprobs', 'u32'],
  ['slot', 'u32'],
  ['result', 'u32'],
  ['repetition', 'f32'],
  ['presence', 'f32'],
  ['frequency', 'f32'],
  ['mask', 'u32'],
  ['scored', 'u32'],
] as const satisfies readonly (readonly [keyof DrawRow, 'u32' | 'f32'])[]

/** Puts the rows' records into the step. Returns where they start in its arena, in words. */
export function pushDrawRows(step: Step, rows: readonly DrawRow[]): number {
  const length = DRAW_ROW_FIELDS.length
  const start = step.reserve(rows.length * length)
  const { u32, f32 } = step.view(start, rows.length * length)
  // field by field, since a loop over their names takes ten times as long
  rows.forEach((row, index) => {
    const at = index * length
    f32[at] = row.temperature
    u32[at + 1] = row.topK
    f32[at + 2] = row.topP
    f32[at + 3] = row.minP
    u32[at + 4] = row.seed
    u32[at + 5] = row.position
    u32[at + 6] = row.numLogprobs
    u32[at + 7] = row.slot
    u32[at + 8] = row.result
    f32[at + 9] = row.repetition
    f32[at + 10] = row.presence
    f32[at + 11] = row.frequency
    u32[at + 12] = row.mask
    u32[at + 13] = row.scored
  })
  return start
}
