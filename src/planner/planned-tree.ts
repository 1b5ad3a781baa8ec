import type { Run } from './run'

/** The tree of all that prompts of a call share, as it is planned. */
export interface PlannedTree {
  /** [runs] The index of the run above each, which comes before it; -1: none. */
  readonly parents: readonly number[]
  /** [runs] The position after its last token; its first is where the run above ends. */
  readonly ends: readonly number[]
  /** [prompts of the call] The last run that each shares with others; -1: it shares none, or cannot run. */
  readonly runOf: readonly number[]
}

/** `indices`: of the call's prompts, for each that can run. `size`: prompts in the call. */
export function plannedTree(root: Run, indices: readonly number[], size: number): PlannedTree {
  const runs = root.preorder()
  // the root is no run
  const indexOf = new Map(runs.map((run, index) => [run, index - 1]))
  const runOf = new Array<number>(size).fill(-1)
  for (const [index, { prompts }] of runs.entries()) for (const prompt of prompts) runOf[indices[prompt]] = index - 1
  const [, ...all] = runs
  return {
    parents: all.map(({ parent }) => (parent && indexOf.get(parent)) ?? -1),
    ends: all.map(({ end }) => end),
    runOf,
  }
}
