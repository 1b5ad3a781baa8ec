import { InvalidRequest } from '../core/errors'

/** Characters of a grammar's source: a list of 10,000 choices has about 200,000. */
export const MAX_SOURCE_CHARS = 2 ** 22

/** Levels of a pattern or an expression within each other: deeper ones would exhaust the stack. */
export const MAX_DEPTH = 64

/** Times that a repetition is written out at most. */
export const MAX_TIMES = 2 ** 14

/** Rules of a grammar; published schemas have some hundred subschemas. */
export const MAX_RULES = 2 ** 12

/**
 * States of all automata that one compilation makes, in-between ones too, and edges between them: a second of work and some
 * 50 MB at most. A list of 10,000 values takes 200,000.
 */
export const MAX_STATES = 2 ** 19
export const MAX_EDGES = 2 ** 22

/** States that are kept with what follows them, and bytes of masks with them; beyond, all are found again. */
export const MAX_KEPT_STATES = 2 ** 14
export const MAX_KEPT_MASK_BYTES = 2 ** 26

/** Ways in which a state's text so far can be read at once. */
export const MAX_READINGS = 2 ** 10
/** Those that are looked at on the way to them, which rules that call rules make. */
export const MAX_TRIED_READINGS = 2 ** 14

/** What the compilation of one grammar may still make. */
export class Budget {
  #states = 0
  #edges = 0

  addState(): void {
    if (++this.#states <= MAX_STATES) return
    throw new InvalidRequest(
      `The grammar needs more than ${MAX_STATES} states. Make its repetitions (maxLength, maxItems, {n,m}) or its lists shorter.`,
    )
  }

  addEdges(count: number): void {
    this.#edges += count
    if (this.#edges <= MAX_EDGES) return
    throw new InvalidRequest(
      `The grammar needs more than ${MAX_EDGES} transitions between its states. Make its repetitions or its lists shorter.`,
    )
  }
}
