import type { PlannedPrompt } from '../../src/planner/plan-job'
import { pick } from '../support/for-each-seed'
import type { Random } from '../support/random'

/** Prompts of the same few pieces, cut anywhere, so that they share at many levels and end in each other. */
export function randomJob(random: Random, maxPrompts = 12): PlannedPrompt[] {
  const pieces = Array.from({ length: random.int(1, 6) }, () =>
    Array.from({ length: random.int(1, 41) }, () => random.int(0, 3)),
  )
  const prompts: PlannedPrompt[] = []
  for (let left = random.int(0, maxPrompts + 1); left > 0; left--) {
    const tokens = Array.from({ length: random.int(1, 5) }, () => pick(random, pieces)).flat()
    const length = random.int(0, 2) === 0 ? tokens.length : random.int(1, tokens.length + 1)
    prompts.push({ tokens: tokens.slice(0, length), outputTokens: random.int(1, 40) })
  }
  return prompts
}

/** `numTokens` tokens that occur nowhere else. */
export function freshTokens(numTokens: number): number[] {
  return Array.from({ length: numTokens }, () => nextToken++)
}

let nextToken = 1000

export function promptOf(tokens: readonly number[], outputTokens = 1): PlannedPrompt {
  return { tokens, outputTokens }
}
