import { type Run, runOfEach } from './run'

/** Fewer outputs say little about the others of their run; the mean of 8 is off by about a third of their spread. */
const MIN_OBSERVED = 8

/**
 * How many tokens a prompt will generate, learned from those of its job that have finished: prompts with a prefix in
 * common ask for the same kind of answer. Those that end early finish first, so early estimates are rather low.
 */
export class OutputEstimate {
  readonly #maxTokens: readonly number[]
  readonly #runs: readonly Run[]
  readonly #observed = new Map<Run, { count: number; tokens: number }>()
  #tokens = 0
  #allowedTokens = 0

  /** `maxTokens`: the most that each prompt may generate. [prompts] */
  constructor(root: Run, maxTokens: readonly number[]) {
    this.#maxTokens = maxTokens
    this.#runs = runOfEach(root)
  }

  /** A prompt has ended after `outputTokens` tokens. */
  observe(prompt: number, outputTokens: number): void {
    this.#tokens += outputTokens
    this.#allowedTokens += this.#maxTokens[prompt]
    for (const run of this.#runs[prompt].path()) {
      const { count, tokens } = this.#observed.get(run) ?? { count: 0, tokens: 0 }
      this.#observed.set(run, { count: count + 1, tokens: tokens + outputTokens })
    }
  }

  /**
   * The mean of the smallest run around the prompt of which enough have ended; else the part of its maximum that the
   * whole job's outputs used of theirs; else the maximum. In tokens, not rounded.
   */
  of(prompt: number): number {
    const maxTokens = this.#maxTokens[prompt]
    for (const run of this.#runs[prompt].path()) {
      const observed = this.#observed.get(run)
      if (observed && observed.count >= MIN_OBSERVED) return Math.min(maxTokens, observed.tokens / observed.count)
    }
    return this.#allowedTokens > 0 ? (maxTokens * this.#tokens) / this.#allowedTokens : maxTokens
  }
}
