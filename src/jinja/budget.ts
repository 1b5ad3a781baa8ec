import { TemplateError } from './template-error'

/** Most characters of a template. The longest published ones have some 60,000. */
export const MAX_TEMPLATE_LENGTH = 1 << 18
/** Most levels of blocks and parentheses. Python's own parser gives up before a hundred parentheses. */
export const MAX_NESTING = 100
/** Most macros, callers and recursive loops within each other. Python's stack ends at some 250 of them. */
export const MAX_CALLS = 200
/** Most turns of loops, calls, and elements that filters handle: some tenths of a second. A hundred messages need some 5,000. */
const MAX_STEPS = 500_000
/** Most characters that a template makes, on the way and at the end: 32 MB, some hundred times the longest instruction. */
const MAX_CHARACTERS = 1 << 24
/** Characters that a template may make besides for each one that it was given: it writes each a few times. */
const PER_GIVEN_CHARACTER = 16
/** Characters that are read or copied in the time of a step. */
const CHARACTERS_PER_STEP = 64
/** Largest integer: more than a float can hold. Templates count messages. */
export const MAX_INTEGER = 2n ** 1024n

/** The work and memory that are left to a template. Whoever loops or allocates on its behalf asks first. @throws TemplateError */
export class Budget {
  readonly #maxSteps: number
  readonly #maxCharacters: number
  #steps: number
  #characters: number

  /** @param given Characters in the variables: long conversations may take longer. */
  constructor(given: number) {
    this.#steps = this.#maxSteps = MAX_STEPS + given
    this.#characters = this.#maxCharacters = MAX_CHARACTERS + given * PER_GIVEN_CHARACTER
  }

  steps(count: number): void {
    this.#steps -= count
    if (this.#steps < 0) throw new TemplateError('limit', `It takes more than ${this.#maxSteps} steps.`)
  }

  /** Takes a text of this length from the budget, before it is made. */
  characters(count: number): void {
    this.#characters -= count
    if (this.#characters < 0) {
      throw new TemplateError('limit', `It makes more than ${this.#maxCharacters} characters.`)
    }
  }

  /** Takes the work from the budget that it is to look through a text of this length, before that is done. */
  read(count: number): void {
    this.steps(1 + count / CHARACTERS_PER_STEP)
  }
}

/** The value, if it is no larger than an integer may be. */
export function boundedInteger(value: bigint): bigint {
  if (value < MAX_INTEGER && value > -MAX_INTEGER) return value
  throw new TemplateError('limit', 'It computes with integers of more than 1024 bits.')
}
