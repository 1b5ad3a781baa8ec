import { assert } from '../core/assert'
import { bestGroups } from './best-groups'
import { dryRun, type Limits, type Schedule } from './dry-run'
import { type Order, orderPrompts } from './order-prompts'
import type { PlannedPrompt } from './planned-prompt'
import { noRuns, type Run, sharedRuns } from './run'

export type { Order, PlannedPrompt }

/**
 * What prompts take over from each other: 'off' nothing; 'two-level' one prefix per group (BatchLLM, arXiv:2412.03594);
 * 'tree' all that they have in common, at any depth; 'cache' the same, but in the order given, as a cache
 * finds it in which nothing is evicted.
 */
export type Sharing = 'off' | 'cache' | 'two-level' | 'tree'

/**
 * What a prompt may take from, and leave for, others: its first `numTokens` tokens, among those of the same `group`. Less
 * than the prompt's length: its last token must be computed for its logits.
 */
export interface Share {
  readonly group: number
  readonly numTokens: number
}

/** Counts of tokens are exact, from an empty cache. */
export interface JobPlan extends Schedule {
  /** Indices of the prompts in the order in which they should run. [prompts] */
  readonly order: readonly number[]
  readonly orderedBy: Order
  /** By index. [prompts] */
  readonly shares: readonly Share[]
  readonly promptTokens: number
  /** In the prefix tree of the prompts, token by token: fewer no sharing can compute. */
  readonly treeTokens: number
  /** Of prompts, that will be computed. For 'tree' and 'cache': treeTokens + forcedTokens. */
  readonly computeTokens: number
  /** promptTokens - computeTokens. */
  readonly savedTokens: number
  /** Last tokens that prompts have in common with others, but must compute for their logits. Of the prompts, whatever the sharing. */
  readonly forcedTokens: number
  /** Sets of two or more prompts that share something among them and nothing with others. */
  readonly groups: number
  /** The most runs that one prompt shares, one after another. */
  readonly levels: number
}

/** A plan with the tree of all that is shared, for `orderPrompts` and `OutputEstimate`. */
export interface PlannedJob extends JobPlan {
  readonly root: Run
}

export interface PlanOptions extends Limits {
  readonly sharing: Sharing
  /** Default: the one that takes the fewest steps in a dry run. 'cache' keeps the order given. */
  readonly order?: Order
}

/** Of the steps that the tokens fill: with less than this no other order can help much. */
const GOOD_ENOUGH = 1.03

/** In the order in which they are preferred if they take equally long. */
const ORDERS: readonly Order[] = ['ratio', 'dual', 'fcfs']

/** Plans a whole job: what its prompts share, in which order they run, and what that comes to. Linear in the tokens. */
export function planJob(prompts: readonly PlannedPrompt[], { sharing, order, ...limits }: PlanOptions): PlannedJob {
  for (const [index, { tokens }] of prompts.entries()) assert(tokens.length > 0, `Prompt ${index} is empty.`)
  const { root: tree, forcedTokens } = sharedRuns(prompts)
  const root = sharing === 'off' ? noRuns(prompts) : sharing === 'two-level' ? bestGroups(tree) : tree
  const promptTokens = prompts.reduce((sum, { tokens }) => sum + tokens.length, 0)
  const computeTokens = tokensToCompute(root, prompts)
  const orders = sharing === 'cache' ? (['fcfs'] as const) : order ? [order] : ORDERS
  const schedule = bestSchedule(root, prompts, orders, limits, computeTokens)
  return {
    ...schedule,
    shares: sharing === 'cache' || sharing === 'tree' ? prompts.map(shareInTree) : sharesInGroups(root),
    promptTokens,
    treeTokens: tokensToCompute(tree, prompts) - forcedTokens,
    computeTokens,
    savedTokens: promptTokens - computeTokens,
    forcedTokens,
    groups: root.children.length,
    levels: root.preorder().reduce((most, { level }) => Math.max(most, level), 0),
    root,
  }
}

/** The order of the fewest steps in a dry run; not looked for any further than one that nearly fills every step. */
function bestSchedule(
  root: Run,
  prompts: readonly PlannedPrompt[],
  orders: readonly Order[],
  limits: Limits,
  computeTokens: number,
) {
  const fedTokens = prompts.reduce((sum, { outputTokens }) => sum + outputTokens, computeTokens)
  const fewestSteps = fedTokens / limits.tokenBudget
  const [first, ...others] = orders
  const tryOut = (orderedBy: Order) => {
    const order = orderPrompts(root, prompts, orderedBy)
    return { orderedBy, order, ...dryRun(order, prompts, root, limits) }
  }
  let best = tryOut(first)
  for (const other of others) {
    if (best.estimatedSteps <= GOOD_ENOUGH * fewestSteps) break
    const schedule = tryOut(other)
    if (schedule.estimatedSteps < best.estimatedSteps) best = schedule
  }
  return best
}

/** Each run once, and what each prompt does not share. */
function tokensToCompute(root: Run, prompts: readonly PlannedPrompt[]): number {
  return root.preorder().reduce((sum, run) => {
    const own = run.prompts.reduce((tokens, index) => tokens + prompts[index].tokens.length - run.end, 0)
    return sum + run.numTokens + own
  }, 0)
}

function shareInTree({ tokens }: PlannedPrompt): Share {
  return { group: 0, numTokens: tokens.length - 1 }
}

/** Groups count from 1; a prompt outside of all has nothing to share. */
function sharesInGroups(root: Run): Share[] {
  const shares: Share[] = []
  for (const index of root.prompts) shares[index] = { group: 0, numTokens: 0 }
  for (const [number, { end, prompts }] of root.children.entries()) {
    for (const index of prompts) shares[index] = { group: number + 1, numTokens: end }
  }
  return shares
}
