import type { Sequence } from '../core/sequence'
import { inSlices, type Work } from '../core/work'
import type { Share } from '../kv/share'
import { type Order, orderPrompts } from '../planner/order-prompts'
import { OutputEstimate } from '../planner/output-estimate'
import { type JobPlan, type PlannedJob, type PlannedPrompt, planJob, type Sharing } from '../planner/plan-job'
import { type PlannedTree, plannedTree } from '../planner/planned-tree'
import type { Run } from '../planner/run'
import type { Scheduler } from '../scheduler/scheduler'

/** How an engine plans. */
export interface JobSettings {
  readonly sharing: Sharing
  /** Default: whichever takes the fewest steps in a dry run. */
  readonly order?: Order
  /** Most tokens in a step. */
  readonly tokenBudget: number
  readonly numBlocks: number
}

/** The prompts of one call, planned together before they run, and reordered as the lengths of their outputs show. */
export class Job {
  readonly plan: JobPlan
  readonly #root: Run
  readonly #shares: readonly Share[]
  /** Indices of `sequences`, not of the call's prompts. */
  readonly #order: readonly number[]
  readonly #prompts: readonly PlannedPrompt[]
  readonly #indices: ReadonlyMap<Sequence, number>
  readonly #estimate: OutputEstimate
  #numFinished = 0
  #isReordering = false

  /** Plans. `sequences`: a new one for each prompt of the call; undefined for those that cannot run. */
  static *of(sequences: readonly (Sequence | undefined)[], settings: JobSettings): Work<Job> {
    const running = sequences.filter(sequence => sequence !== undefined)
    const callIndices = [...sequences.keys()].filter(index => sequences[index] !== undefined)
    yield
    const prompts = running.map(({ tokens, promptLen, maxLen, numTakeable }) => {
      return { tokens, outputTokens: maxLen - promptLen, numTakeable }
    })
    yield
    const planned = yield* planJob(prompts, settings)
    yield
    const tree = plannedTree(planned.root, callIndices, sequences.length)
    yield
    const indices = new Map(running.map((sequence, index) => [sequence, index]))
    yield
    const maxTokens = prompts.map(({ outputTokens }) => outputTokens)
    const estimate = new OutputEstimate(planned.root, maxTokens)
    yield
    return new Job(running, settings, prompts, planned, callIndices, tree, indices, estimate)
  }

  private constructor(
    readonly sequences: readonly Sequence[],
    readonly settings: JobSettings,
    prompts: readonly PlannedPrompt[],
    planned: PlannedJob,
    callIndices: readonly number[],
    tree: PlannedTree,
    indices: ReadonlyMap<Sequence, number>,
    estimate: OutputEstimate,
  ) {
    const { root, shares, order, ...numbers } = planned
    this.#prompts = prompts
    this.#indices = indices
    this.#root = root
    this.#shares = shares
    this.#order = order
    this.plan = { ...numbers, order: order.map(index => callIndices[index]), tree }
    this.#estimate = estimate
  }

  /** Queues everything, in the order of the plan. */
  *start(scheduler: Scheduler): Work<void> {
    for (const index of this.#order) {
      // 'cache' does not plan: a sequence shares what is there when its turn comes
      if (this.settings.sharing !== 'cache') scheduler.claim(this.sequences[index], this.#shares[index])
      yield
    }
    // held until all are there: of a call that is queued in part, a step would take the first as if they shared with nobody
    for (const index of this.#order) {
      scheduler.add(this.sequences[index], { call: this, isHeld: true })
      yield
    }
    scheduler.release(this)
  }

  /**
   * A sequence has ended. Each time that as many have as before, the rest is put in a better order: in slices, since that
   * may be thousands.
   */
  onFinished(sequence: Sequence, scheduler: Scheduler): void {
    const index = this.#indices.get(sequence)
    if (index === undefined || this.plan.orderedBy === 'fcfs') return
    this.#estimate.observe(index, sequence.tokens.length - sequence.promptLen)
    this.#numFinished++
    if ((this.#numFinished & (this.#numFinished - 1)) !== 0 || this.#isReordering) return
    this.#isReordering = true
    void inSlices(this.#reorder(scheduler)).finally(() => {
      this.#isReordering = false
    })
  }

  *#reorder(scheduler: Scheduler): Work<void> {
    const prompts = this.#prompts.map((prompt, each) => ({ ...prompt, outputTokens: this.#estimate.of(each) }))
    yield
    const waiting = [...this.sequences.keys()].filter(each => scheduler.isWaiting(this.sequences[each]))
    yield
    const order = yield* orderPrompts(this.#root, prompts, this.plan.orderedBy, waiting)
    yield
    scheduler.reorder(
      this,
      order.map(each => this.sequences[each]),
    )
  }
}
