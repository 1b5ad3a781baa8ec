import type { Work } from '../core/work'
import { type RadixNode, RadixTree } from '../kv/radix-tree'
import type { PlannedPrompt } from './planned-prompt'

/**
 * Tokens that two or more prompts of a job have in common and that are computed once for all of them, at positions
 * `[parent.end, end)` of each. The root has no tokens. A tree of runs says all about who
 * shares what with whom; what a prompt does not share is its own.
 */
export class Run {
  readonly children: Run[] = []
  /** Indices of the prompts whose last shared run this is. */
  readonly prompts: number[] = []
  /** Runs on the path from the root, this one included. */
  readonly level: number

  constructor(
    readonly parent: Run | undefined,
    readonly end: number,
  ) {
    this.level = parent ? parent.level + 1 : 0
    parent?.children.push(this)
  }

  get numTokens(): number {
    return this.end - (this.parent?.end ?? 0)
  }

  /** This run and all below it, each before those below it. */
  preorder(): Run[] {
    const runs: Run[] = []
    const stack: Run[] = [this]
    for (let run = stack.pop(); run; run = stack.pop()) {
      runs.push(run)
      for (const child of run.children) stack.push(child)
    }
    return runs
  }

  /** From this run up to the root's child. */
  *path(): Generator<Run> {
    for (let run: Run = this; run.parent; run = run.parent) yield run
  }
}

/** The root of a tree in which nothing is shared. */
export function noRuns(prompts: readonly PlannedPrompt[]): Run {
  const root = new Run(undefined, 0)
  for (const index of prompts.keys()) root.prompts.push(index)
  return root
}

/** The prompts below a node of the prefix tree, in numbers. */
interface Below {
  /** Indices of the prompts whose shareable tokens end with the node. */
  readonly ending: number[]
  numPrompts: number
  run: Run
}

/**
 * All that any plan can share: the prefix tree of the prompts without their last tokens, which must be computed for their
 * logits. `forcedTokens`: how many of these last tokens the prefix tree of the whole prompts has only once, for several
 * prompts. Linear in the tokens.
 */
export function* sharedRuns(prompts: readonly PlannedPrompt[]): Work<{ root: Run; forcedTokens: number }> {
  const root = new Run(undefined, 0)
  const nothing = (): Below => ({ ending: [], numPrompts: 0, run: root })
  const tree = new RadixTree<Below>(nothing, nothing)
  for (const [index, { tokens }] of prompts.entries()) {
    tree.insert(tokens, tokens.length - 1).value.ending.push(index)
    yield
  }
  const nodes: RadixNode<Below>[] = []
  for (const node of tree.root.below()) {
    nodes.push(node)
    yield
  }
  for (const { value, parent } of nodes.toReversed()) {
    value.numPrompts += value.ending.length
    if (parent) parent.value.numPrompts += value.numPrompts
    yield
  }
  let forcedTokens = 0
  for (const node of [tree.root, ...nodes]) {
    const { value, parent, end } = node
    const above = parent ? parent.value.run : root
    value.run = parent && value.numPrompts > 1 ? new Run(above, end) : above
    const lastTokens = new Set<number>()
    for (const index of value.ending) {
      value.run.prompts.push(index)
      const { tokens } = prompts[index]
      if (lastTokens.has(tokens[end]) || node.children.has(tokens[end])) forcedTokens++
      lastTokens.add(tokens[end])
    }
    yield
  }
  return { root, forcedTokens }
}

/** The last shared run of each prompt. [prompts] */
export function runOfEach(root: Run): Run[] {
  const runs: Run[] = []
  for (const run of root.preorder()) for (const index of run.prompts) runs[index] = run
  return runs
}
