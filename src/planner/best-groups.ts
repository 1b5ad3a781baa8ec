import { Run } from './run'

/**
 * Two levels from many, as in BatchLLM (arXiv:2412.03594 §4): groups of prompts that share one prefix each, and nothing
 * else. The children of the root that is returned are the groups, its prompts those in none.
 *
 * The paper merges nodes of the prefix tree greedily; this is the optimum. With D(v) the tokens from the root to the
 * end of v, and λ the D of the nearest group above v,
 *
 *     saved(prompt, λ) = λ
 *     saved(v, λ) = max(Σ saved(c, λ),                no group has the prefix v;
 *                       Σ saved(c, D(v)) - D(v))      one has: its prefix is computed once, and saved for every member
 *
 * summed over the children and prompts c of v. Never decreasing in λ, so v is worth a group exactly while λ is small
 * enough, and that bound is all that must be kept of v. O(runs × levels) in time, O(levels²) in memory beside the tree.
 */
export function bestGroups(tree: Run): Run {
  const runs = tree.preorder()
  const bounds = groupBounds(runs)
  const root = new Run(undefined, 0)
  const groups = new Map<Run, Run>()
  for (const run of runs) {
    const above = (run.parent && groups.get(run.parent)) ?? root
    const group = above.end <= (bounds.get(run) ?? -1) ? new Run(root, run.end) : above
    groups.set(run, group)
    for (const index of run.prompts) group.prompts.push(index)
  }
  return root
}

/** The largest λ, among the ends of the runs above it, with which each run is worth a group; absent if none. */
function groupBounds(preorder: readonly Run[]): Map<Run, number> {
  const bounds = new Map<Run, number>()
  /** Σ saved(c, λ) over what is below a run, by the level of the run above it or itself whose end is λ. [level + 1] */
  const sums = new Map<Run, Float64Array>()
  const sumOf = (run: Run): Float64Array => {
    const sum = sums.get(run) ?? new Float64Array(run.level + 1)
    sums.set(run, sum)
    return sum
  }
  for (const run of preorder.toReversed()) {
    const sum = sumOf(run)
    for (let above: Run | undefined = run; above; above = above.parent) {
      sum[above.level] += run.prompts.length * above.end
    }
    const { parent } = run
    if (!parent) break
    const sumOfParent = sumOf(parent)
    const asGroup = sum[run.level] - run.end
    for (let above: Run | undefined = parent; above; above = above.parent) {
      if (asGroup > sum[above.level] && !bounds.has(run)) bounds.set(run, above.end)
      sumOfParent[above.level] += Math.max(sum[above.level], asGroup)
    }
    sums.delete(run)
  }
  return bounds
}
