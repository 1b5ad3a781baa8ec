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
  /** Of the token to draw, in tokens from the sequence's start. */
  readonly position: number
  /** Most likely tokens to report beside the drawn one; -1: no log-probabilities at all. */
  readonly numLogprobs: number
  /** Where the next step finds the drawn token. */
  readonly slot: number
  /** Row of the results. */
  readonly result: number
  /** Penalties, for `editLogits`: 1, 0 and 0 are off. */
  readonly repetition: number
  readonly presence: number
  readonly frequency: number
}

/** Fields of the shaders' `struct DrawRow` (shaders/draw-row.wgsl) in order, one word each, and how the word is written. */
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
] as const satisfies readonly (readonly [keyof DrawRow, 'u32' | 'f32'])[]

/** Puts the rows' records into the step. Returns where they start in its arena, in words. */
export function pushDrawRows(step: Step, rows: readonly DrawRow[]): number {
  const length = DRAW_ROW_FIELDS.length
  const start = step.reserve(rows.length * length)
  const words = step.view(start, rows.length * length)
  rows.forEach((row, index) => {
    DRAW_ROW_FIELDS.forEach(([name, type], field) => {
      words[type][index * length + field] = row[name]
    })
  })
  return start
}
