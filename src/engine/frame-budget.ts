import type { Batch } from '../core/batch'
import { StepCost, type StepWork } from './step-cost'

/** Rows of a step, however long they take: who runs fewer at once pays as much for each of them as for all. */
export const LEAST_ROWS = 32
/** Rows that a prompt under way has in a step beside the decodes, however long that takes: it must get on. */
export const LEAST_PROMPT_ROWS = 16
/** Submits of the first step. */
const FIRST_PARTS = 8
/** Rows are no more than so many times those that were timed: further away the estimate is a guess. */
const GROWTH = 2
/** The part of the time that is planned for: steps vary. */
const MARGIN = 0.8

/**
 * How many tokens a step may compute so that the GPU is through with it in time. Pure: told of steps as they are decided, and of
 * how long they took, it answers for the next one, whose decodes are taken to be as those of the last, and whose prompt goes
 * on where the last one was.
 *
 * Never fewer than `LEAST_ROWS`, nor than the sequences that run, each of which gets on, and `LEAST_PROMPT_ROWS` more while a prompt is partly
 * computed: where that takes longer, the step is submitted in parts.
 */
export class FrameBudget {
  readonly #cost = new StepCost()
  readonly #tokenBudget: number
  /** Mean keys that a decode of the last step sees. */
  #decodeKeys = 0
  /** Where the prompts of the last step that had any stand, in tokens from their beginning. */
  #promptEnd = 0
  #isPromptPartial = false

  /** `tokenBudget`: the most, whatever the time. */
  constructor(tokenBudget: number) {
    this.#tokenBudget = tokenBudget
  }

  /** Most rows of a step for `frameMs`, where `numRunning` sequences run. */
  rows(frameMs: number, numRunning: number): number {
    const floor = Math.max(LEAST_ROWS, numRunning + (this.#isPromptPartial ? LEAST_PROMPT_ROWS : 0))
    const most = Math.min(this.#tokenBudget, this.#cost.mostRows * GROWTH)
    return Math.min(this.#tokenBudget, Math.max(floor, this.#rowsWithin(MARGIN * frameMs, numRunning, most)))
  }

  /** Parts of about equal work that a step is to be submitted in. */
  parts(frameMs: number, batch: Batch): number {
    if (this.#cost.mostRows === 0) return FIRST_PARTS
    return Math.max(1, Math.ceil(this.#cost.predict(workOf(batch)) / frameMs))
  }

  /** A step was decided. */
  note({ chunks, draws }: Batch): void {
    const decodes = chunks.filter(({ count }) => count === 1)
    const prompts = chunks.filter(({ count }) => count > 1)
    if (decodes.length > 0) this.#decodeKeys = decodes.reduce((sum, { start }) => sum + start + 1, 0) / decodes.length
    this.#promptEnd = prompts.reduce((most, { start, count }) => Math.max(most, start + count), 0) || this.#promptEnd
    const drawn = new Set(draws.map(({ chunk }) => chunk))
    this.#isPromptPartial = chunks.some(chunk => !drawn.has(chunk))
  }

  /** A step has taken so many milliseconds. */
  observe(batch: Batch, ms: number): void {
    this.#cost.observe(workOf(batch), ms)
  }

  #rowsWithin(ms: number, numDecodes: number, most: number): number {
    let [low, high] = [0, most]
    while (low < high) {
      const middle = Math.ceil((low + high) / 2)
      if (this.#cost.predict(this.#workOf(middle, numDecodes)) <= ms) low = middle
      else high = middle - 1
    }
    return low
  }

  #workOf(rows: number, numDecodes: number): StepWork {
    const decodes = Math.min(rows, numDecodes)
    const prompt = rows - decodes
    const keys = decodes * this.#decodeKeys + prompt * (this.#promptEnd + (prompt + 1) / 2)
    return { rows, keys, draws: decodes + Math.min(1, prompt) }
  }
}

/** The work of a step that was decided. */
export function workOf({ chunks, draws, numTokens }: Batch): StepWork {
  const keys = chunks.reduce((sum, { start, count }) => sum + count * (start + (count + 1) / 2), 0)
  return { rows: numTokens, keys, draws: draws.length }
}
