import { assert } from '../../src/core/assert'
import type { Batch } from '../../src/core/batch'
import { PRIORITIES } from '../../src/core/priority'
import { isEditedByHistory, waitsForDraws } from '../../src/core/sampling-params'
import type { Sequence } from '../../src/core/sequence'
import { BlockPool } from '../../src/kv/block-pool'
import type { Share } from '../../src/kv/share'
import type { Completed, SchedulerOptions } from '../../src/scheduler/interface'
import { Scheduler } from '../../src/scheduler/scheduler'
import { SimulatedGpu, VOCAB_SIZE } from './simulated-gpu'

/** A scheduler and the simulated GPU it feeds; every step is held against the laws. */
export class Drive {
  readonly pools: readonly BlockPool[]
  readonly scheduler: Scheduler
  gpu: SimulatedGpu
  /** All that was added, in order. */
  readonly sequences: Sequence[] = []
  /** Calls were put into another order: who comes first is not held against the order of adding. */
  isReordered = false
  readonly #calls = new Map<object, Sequence[]>()

  readonly #options: SchedulerOptions

  constructor(
    readonly tokenBudget: number,
    /** Of a single group that sees all, or for each group how many blocks, and how far it sees. */
    groups: number | readonly { readonly numBlocks: number; readonly window?: number }[],
    /** Most steps in flight. */
    readonly depth = 4,
    contextLength = 512,
    /** Most tokens that sequences with penalties hold together in a step. */
    readonly historyTokens?: number,
  ) {
    this.pools = (typeof groups === 'number' ? [{ numBlocks: groups, window: undefined }] : groups).map(
      ({ numBlocks, window }) => new BlockPool(numBlocks, window),
    )
    this.gpu = new SimulatedGpu(this.pools.map(({ window }) => window))
    const options = { tokenBudget, contextLength, stepsInFlight: depth, historyTokens }
    this.#options = { pools: this.pools, vocabSize: VOCAB_SIZE, ...options }
    this.scheduler = new Scheduler(this.#options)
  }

  /** The GPU is another, with so many blocks in each pool, which holds nothing. */
  restart(numBlocks = this.pools.map(pool => pool.numBlocks)): void {
    this.gpu = new SimulatedGpu(this.gpu.windows)
    const pools = this.pools.map(({ window }, group) => new BlockPool(numBlocks[group], window))
    this.scheduler.restart({ ...this.#options, pools })
    this.scheduler.checkIntegrity()
  }

  /** Sequences are waiting or running. Draws of finished ones may be in flight even if not. */
  get hasWork(): boolean {
    return this.scheduler.numRunning + this.scheduler.numWaiting > 0
  }

  add(...sequences: Sequence[]): Sequence[] {
    return this.addTo(this, ...sequences)
  }

  /** Adds sequences to a call. */
  addTo(call: object, ...sequences: Sequence[]): Sequence[] {
    for (const sequence of sequences) this.scheduler.add(sequence, { call })
    this.#calls.set(call, [...(this.#calls.get(call) ?? []), ...sequences])
    this.sequences.push(...sequences)
    return sequences
  }

  /** Adds one that claims what it shares right away. */
  addSharing(sequence: Sequence, share: Share, call: object = this): void {
    this.scheduler.add(sequence, { call, share })
    this.#calls.set(call, [...(this.#calls.get(call) ?? []), sequence])
    this.sequences.push(sequence)
  }

  /** Decides a step and submits it. `tokenBudget`: the step's. */
  next(tokenBudget = this.tokenBudget): Batch | undefined {
    const live = this.sequences.filter(sequence => !sequence.isFinished)
    const running = live.filter(sequence => {
      const { params, numPending, numRemaining, length, maxLen, slot } = sequence
      const isShortOfHistory = isEditedByHistory(params) && this.historyTokens !== undefined && numRemaining === 1
      const isWaitingForDraws = length === maxLen || (waitsForDraws(params) && numPending > 0)
      return slot !== undefined && !isWaitingForDraws && !isShortOfHistory
    })
    const keeping = live.filter(
      ({ params, numPending, slot }) => slot !== undefined && waitsForDraws(params) && numPending > 0,
    )
    const batch = this.scheduler.next(tokenBudget)
    this.scheduler.checkIntegrity()
    const chunks = batch?.chunks ?? []
    const scheduled = new Set(chunks.map(chunk => chunk.sequence))
    assert(scheduled.size === chunks.length, 'a sequence has two chunks in a step')
    this.#checkClasses(
      running.filter(({ slot }) => slot !== undefined),
      keeping,
      tokenBudget,
      batch,
    )
    // Within a call, whoever waits was added after all who run.
    for (const added of this.#calls.values()) {
      const alive = added.filter(sequence => !sequence.isFinished)
      const firstWaiting = alive.findIndex(({ slot }) => slot === undefined)
      const isInOrder = firstWaiting < 0 || alive.slice(firstWaiting).every(({ slot }) => slot === undefined)
      assert(isInOrder || this.isReordered, 'one overtook another')
    }
    for (const [group, numUsed] of this.scheduler.usedBlocks.entries()) {
      assert(numUsed <= this.pools[group].numBlocks, `${numUsed} blocks in use`)
    }
    if (!batch) {
      assert(this.gpu.numQueued > 0 || !this.hasWork, 'there is work and nothing in flight, but no step')
      return undefined
    }
    const edited = batch.draws.filter(({ chunk }) => isEditedByHistory(chunk.sequence.params))
    const history = edited.reduce((sum, { position }) => sum + position, 0)
    assert(history <= (this.historyTokens ?? history), `sequences with penalties hold ${history} tokens`)
    const numTokens = chunks.reduce((sum, { count }) => sum + count, 0)
    assert(numTokens === batch.numTokens, () => `the batch says ${batch.numTokens} tokens, but has ${numTokens}`)
    assert(numTokens > 0 && numTokens <= tokenBudget, () => `${numTokens} tokens, the budget is ${tokenBudget}`)
    this.#checkDraws(batch)
    this.gpu.submit(batch)
    return batch
  }

  /**
   * Of each class the oldest advance, all if no other class runs; higher ones leave lower ones their share and no more.
   * `ready`: those that could have been in the step. `keeping`: those that keep their places while they wait for draws.
   */
  #checkClasses(
    ready: readonly Sequence[],
    keeping: readonly Sequence[],
    tokenBudget: number,
    batch: Batch | undefined,
  ): void {
    const chunks = batch?.chunks ?? []
    const share = Math.floor(tokenBudget / 8)
    const countOf = new Map(chunks.map(({ sequence, count }) => [sequence, count]))
    const order = this.scheduler.running.map(({ id }) => id)
    for (const [rank, priority] of PRIORITIES.entries()) {
      const ofClass = ready.filter(each => each.priority === priority)
      const ids = ofClass.filter(each => !countOf.has(each)).map(({ id }) => id)
      const numRows = ofClass.reduce((sum, each) => sum + (countOf.get(each) ?? 0), 0)
      const stalled = ids.length > 0
      const others = chunks.filter(({ sequence }) => sequence.priority !== priority)
      assert(!stalled || others.length > 0, () => `running sequences ${ids} stalled`)
      const younger = ofClass.filter(
        each => countOf.has(each) && ids.some(id => order.indexOf(id) < order.indexOf(each.id)),
      )
      assert(younger.length === 0, () => `${younger.map(({ id }) => id)} advanced before ${ids}`)
      const numKept = keeping.filter(each => each.priority === priority).length
      assert(numRows + numKept >= Math.min(share, ofClass.length), () => `the class ${priority} has ${numRows} rows`)
      const below = others.filter(({ sequence }) => PRIORITIES.indexOf(sequence.priority) > rank)
      const numBelow = below.reduce((sum, { count }) => sum + count, 0)
      const mostBelow = Math.max(1, share) * (PRIORITIES.length - 1 - rank) + numKept
      assert(!stalled || numBelow <= mostBelow, () => `${ids} stalled for ${numBelow} rows of lower classes`)
    }
  }

  /** Rows of prompts that are read, and those after which sequences draw, each at its place in the list of all. */
  #checkDraws({ chunks, draws }: Batch): void {
    let end = 0
    const expected = chunks.flatMap(({ sequence, start, count }) => {
      end += count
      const { reads, promptLen, tokens } = sequence
      const rows = Array.from({ length: count }, (_, index) => start + index)
      const wanted = rows.filter(row => row + 1 < promptLen && reads?.isRead(row))
      if (start + count >= tokens.length) wanted.push(start + count - 1)
      return wanted.map(row => `${sequence.id} at ${end - start - count + row}: ${row + 1}`)
    })
    const found = draws.map(({ chunk, token, position }) => `${chunk.sequence.id} at ${token}: ${position}`)
    assert(`${found}` === `${expected}`, `the batch draws ${found}, not ${expected}`)
  }

  /** Runs the oldest step in flight and accounts for it. */
  complete(): Completed[] {
    const { batch, drawn } = this.gpu.run()
    const completed = this.scheduler.complete(batch, drawn)
    this.scheduler.checkIntegrity()
    return completed
  }

  /** Runs with up to `depth` steps in flight until nothing is left; `beforeStep` is called before each is decided. */
  drain(depth = 1, beforeStep: (step: number) => void = () => undefined): void {
    for (let step = 0; ; step++) {
      assert(step < 100_000, 'no end in sight')
      beforeStep(step)
      if (!this.hasWork && this.gpu.numQueued === 0) break
      while (this.gpu.numQueued >= depth) this.complete()
      if (!this.next() && this.gpu.numQueued > 0) this.complete()
    }
    this.next()
    const { usedBlocks } = this.scheduler
    assert(
      usedBlocks.every(numUsed => numUsed === 0),
      `${usedBlocks} blocks leaked`,
    )
  }
}
