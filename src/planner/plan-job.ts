import { assert } from '../core/assert'
import type { Work } from '../core/work'
import { COMMON, NOTHING, type Scope, type Share } from '../kv/share'
import { bestGroups } from './best-groups'
import { dryRun, type Limits, type Schedule } from './dry-run'
import { type Order, orderPrompts } from './order-prompts'
import type { PlannedPrompt } from './planned-prompt'
import type { PlannedTree } from './planned-tree'
import { noRuns, type Run, sharedRuns } from './run'

export type { Order, PlannedPrompt }

export const SHARINGS = ['off', 'cache', 'two-level', 'tree'] as const

/**
 * What prompts take over from each other: 'off' nothing; 'two-level' one prefix per group (BatchLLM, arXiv:2412.03594);
 * 'tree' all that they have in common, at any depth; 'cache' the same, but in the order given, as a cache
 * finds it in which nothing is evicted.
 */
export type Sharing = (typeof SHARINGS)[number]

/**
 * Counts of tokens hold from an empty cache, and are exact if nothing has to be recomputed for want of blocks. With
 * 'cache' it may be a little less: where a prompt fills its last block, even its last token can be taken over.
 */
export interface JobPlan extends Schedule {
  /** Indices of the prompts that can run, in the order in which they should. */
  readonly order: readonly number[]
  readonly orderedBy: Order
  readonly promptTokens: number
  /** Tokens in the prefix tree of the prompts: no sharing can compute fewer. */
  readonly treeTokens: number
  /** Tokens of prompts that will be computed. For 'tree' and 'cache': treeTokens + forcedTokens. */
  readonly computeTokens: number
  /** promptTokens - computeTokens. */
  readonly savedTokens: number
  /** Last tokens that prompts have in common with others, but must compute for their logits. Of the prompts, whatever the sharing. */
  readonly forcedTokens: number
  /** Sets of two or more prompts that share something among them and nothing with others. */
  readonly groups: number
  /** The most runs that one prompt shares, one after another. */
  readonly levels: number
  readonly tree: PlannedTree
}

/** A plan with what it takes to carry it out. */
export interface PlannedJob extends Omit<JobPlan, 'tree'> {
  /** [prompts] What each prompt shares. */
  readonly shares: readonly Share[]
  /** The tree of all that is shared, for `orderPrompts` and `OutputEstimate`. */
  readonly root: Run
}

export interface PlanOptions extends Limits {
  readonly sharing: Sharing
  /** Default: the one that takes the fewest steps in a dry run. 'cache' keeps the order given. */
  readonly order?: Order
}

/** A step that is filled but for this part leaves nothing to be won by another order. */
const GOOD_ENOUGH = 1.03

/** Generated tokens that are simulated to compare orders: some tenths of a second for three of them. */
const MOST_TRIED_TOKENS = 2 ** 20

/** The orders, the preferred first among those that take equally long. */
const PREFERRED_ORDERS: readonly Order[] = ['ratio', 'dual', 'fcfs']

/** Plans a whole job: what its prompts share, in which order they run, and what that comes to. Linear in the tokens. */
export function* planJob(
  prompts: readonly PlannedPrompt[],
  { sharing, order, ...limits }: PlanOptions,
): Work<PlannedJob> {
  for (const [index, { tokens }] of prompts.entries()) assert(tokens.length > 0, `Prompt ${index} is empty.`)
  const { root: tree, forcedTokens } = yield* sharedRuns(prompts)
  const root = sharing === 'off' ? noRuns(prompts) : sharing === 'two-level' ? bestGroups(tree) : tree
  yield
  const promptTokens = prompts.reduce((sum, { tokens }) => sum + tokens.length, 0)
  const computeTokens = tokensToCompute(root, prompts)
  yield
  const orders = sharing === 'cache' ? (['fcfs'] as const) : order ? [order] : PREFERRED_ORDERS
  const { orderedBy, order: indices } = yield* bestOrder(root, prompts, orders, limits)
  const schedule = yield* dryRun(indices, prompts, root, limits)
  const treeTokens = tokensToCompute(tree, prompts) - forcedTokens
  yield
  const shares = sharing === 'cache' || sharing === 'tree' ? prompts.map(shareInTree) : sharesInGroups(root)
  yield
  return {
    order: indices,
    orderedBy,
    shares,
    promptTokens,
    treeTokens,
    computeTokens,
    savedTokens: promptTokens - computeTokens,
    forcedTokens,
    groups: root.children.length,
    levels: root.preorder().reduce((most, { level }) => Math.max(most, level), 0),
    root,
    ...schedule,
  }
}

/**
 * The order that a dry run finds fastest, over the first prompts of each if the job is large; none but the first is tried
 * if that nearly fills every step.
 */
function* bestOrder(
  root: Run,
  prompts: readonly PlannedPrompt[],
  orders: readonly Order[],
  limits: Limits,
): Work<{ orderedBy: Order; order: readonly number[] }> {
  let best: { orderedBy: Order; order: readonly number[]; tokensPerStep: number } | undefined
  for (const orderedBy of orders) {
    if (best && best.tokensPerStep * GOOD_ENOUGH >= limits.tokenBudget) break
    const order = yield* orderPrompts(root, prompts, orderedBy)
    const tokensPerStep = orders.length === 1 ? 0 : yield* rateOf(order, root, prompts, limits)
    if (!best || tokensPerStep > best.tokensPerStep) best = { orderedBy, order, tokensPerStep }
  }
  assert(best !== undefined, 'There is no order to choose from.')
  return best
}

/** Tokens per step over the first prompts of an order. */
function* rateOf(order: readonly number[], root: Run, prompts: readonly PlannedPrompt[], limits: Limits): Work<number> {
  let tokens = 0
  let num = 0
  while (num < order.length && tokens < MOST_TRIED_TOKENS) tokens += prompts[order[num++]].outputTokens
  const tried = order.slice(0, num)
  const { estimatedSteps } = yield* dryRun(tried, prompts, root, limits)
  return (tokens + tokensToCompute(root, prompts, new Set(tried))) / Math.max(1, estimatedSteps)
}

/** Each run once that one of the prompts is in, and what each of them does not share; default: of all prompts. */
function tokensToCompute(root: Run, prompts: readonly PlannedPrompt[], of?: ReadonlySet<number>): number {
  let sum = 0
  const isUsed = new Set<Run>()
  for (const run of root.preorder().toReversed()) {
    for (const index of run.prompts) {
      if (of && !of.has(index)) continue
      sum += prompts[index].tokens.length - run.end
      isUsed.add(run)
    }
    if (!isUsed.has(run)) continue
    sum += run.numTokens
    if (run.parent) isUsed.add(run.parent)
  }
  return sum
}

function shareInTree({ tokens }: PlannedPrompt): Share {
  return { scope: COMMON, numTokens: tokens.length - 1 }
}

/** Each group has a scope of its own; a prompt outside of all has nothing to share. */
function sharesInGroups(root: Run): Share[] {
  const shares: Share[] = []
  for (const index of root.prompts) shares[index] = NOTHING
  for (const { end, prompts } of root.children) {
    const scope: Scope = { name: `a plan's group of ${prompts.length}`, remembers: false }
    for (const index of prompts) shares[index] = { scope, numTokens: end }
  }
  return shares
}
