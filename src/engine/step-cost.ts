/** The work of a step that takes time. */
export interface StepWork {
  /** Tokens computed. */
  readonly rows: number
  /** Keys that these tokens see, each token's counted. */
  readonly keys: number
  /** Rows whose logits are computed. */
  readonly draws: number
}

/** Steps that the estimate is made of. */
const WINDOW = 24
/** The weight of a step beside that of the one after it: what a step costs changes with heat, and with whoever else draws. */
const FADE = 0.85
/** Rounds of the descent, each of which begins where the last one ended. */
const ROUNDS = 30

/**
 * How long steps take, as steps were timed: ms ≈ a + b · rows + c · keys + d · draws, none of these below 0. Least squares over
 * the last steps, relative to each one's time, the later the heavier, by coordinate descent (Franc, Hlaváč, Navara 2005).
 */
export class StepCost {
  readonly #seen: { readonly parts: readonly number[]; readonly ms: number }[] = []
  #costs: readonly number[] = [0, 0, 0, 0]
  /** How many times as long as these say the last step took, if it was more: what has become dearer is known at once. */
  #excess = 1

  /** The most rows of a step that was timed, of the last ones; 0 before the first. */
  get mostRows(): number {
    return this.#seen.reduce((most, { parts: [, rows] }) => Math.max(most, rows), 0)
  }

  /** A step has taken so many milliseconds. */
  observe(work: StepWork, ms: number): void {
    this.#seen.push({ parts: partsOf(work), ms: Math.max(ms, 0.01) })
    if (this.#seen.length > WINDOW) this.#seen.shift()
    this.#costs = this.#fit()
    this.#excess = Math.max(1, ms / dot(this.#costs, partsOf(work)))
  }

  /** In milliseconds; 0 before any step was timed. */
  predict(work: StepWork): number {
    return this.#excess * dot(this.#costs, partsOf(work))
  }

  #fit(): readonly number[] {
    const costs = [...this.#costs]
    // normal equations, of steps divided by their times
    const matrix = costs.map(() => costs.map(() => 0))
    const vector = costs.map(() => 0)
    this.#seen.forEach(({ parts, ms }, index) => {
      const weight = FADE ** (this.#seen.length - 1 - index)
      parts.forEach((left, row) => {
        vector[row] += (weight * left) / ms
        parts.forEach((right, column) => {
          matrix[row][column] += (weight * left * right) / (ms * ms)
        })
      })
    })
    for (let round = 0; round < ROUNDS; round++) {
      // rows first: one step alone is put down to them
      for (const part of [1, 2, 3, 0]) {
        const diagonal = matrix[part][part]
        const rest = vector[part] - dot(matrix[part], costs) + diagonal * costs[part]
        costs[part] = diagonal > 0 ? Math.max(0, rest / diagonal) : 0
      }
    }
    return costs
  }
}

function partsOf({ rows, keys, draws }: StepWork): readonly number[] {
  return [1, rows, keys, draws]
}

function dot(left: readonly number[], right: readonly number[]): number {
  return left.reduce((sum, value, index) => sum + value * right[index], 0)
}
