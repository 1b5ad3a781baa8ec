import { assert } from '../../src/core/assert'
import type { Batch } from '../../src/core/batch'
import { needsHistory } from '../../src/core/sampling-params'
import type { Sequence } from '../../src/core/sequence'
import { BlockPool } from '../../src/kv/block-pool'
import { type Completed, Scheduler } from '../../src/scheduler/scheduler'
import { SimulatedGpu } from './simulated-gpu'

/** A scheduler and the simulated GPU it feeds; every step is held against the laws. */
export class Drive {
  readonly pool: BlockPool
  readonly scheduler: Scheduler
  readonly gpu = new SimulatedGpu()
  /** All that was added, in order. */
  readonly sequences: Sequence[] = []

  constructor(
    readonly tokenBudget: number,
    numBlocks: number,
    contextLength = 512,
  ) {
    this.pool = new BlockPool(numBlocks)
    this.scheduler = new Scheduler({ pool: this.pool, tokenBudget, contextLength })
  }

  add(...sequences: Sequence[]): Sequence[] {
    for (const sequence of sequences) this.scheduler.add(sequence)
    this.sequences.push(...sequences)
    return sequences
  }

  /** Decides a step and submits it. */
  next(): Batch | undefined {
    const live = this.sequences.filter(sequence => !sequence.isFinished)
    const running = live.filter(sequence => {
      const isWaitingForDraws =
        sequence.length === sequence.maxLen || (sequence.numPending > 0 && needsHistory(sequence.params))
      return sequence.slot !== undefined && !isWaitingForDraws
    })
    const batch = this.scheduler.next()
    this.scheduler.checkIntegrity()
    const chunks = batch?.chunks ?? []
    const scheduled = new Set(chunks.map(chunk => chunk.sequence))
    assert(scheduled.size === chunks.length, 'a sequence has two chunks in a step')
    const stalled = running.filter(sequence => sequence.slot !== undefined && !scheduled.has(sequence))
    assert(stalled.length === 0, `running sequences ${stalled.map(({ id }) => id)} stalled`)
    // First come, first served: whoever waits arrived after all who run.
    const firstWaiting = live.findIndex(({ slot }) => slot === undefined)
    assert(firstWaiting < 0 || live.slice(firstWaiting).every(({ slot }) => slot === undefined), 'one overtook another')
    if (!batch) {
      assert(this.gpu.numQueued > 0 || !this.scheduler.hasWork, 'there is work and nothing in flight, but no step')
      return undefined
    }
    const numTokens = chunks.reduce((sum, { count }) => sum + count, 0)
    assert(numTokens === batch.numTokens, `the batch says ${batch.numTokens} tokens, but has ${numTokens}`)
    assert(numTokens > 0 && numTokens <= this.tokenBudget, `${numTokens} tokens, the budget is ${this.tokenBudget}`)
    this.gpu.submit(batch)
    return batch
  }

  /** Runs the oldest step in flight and accounts for it. */
  complete(): Completed[] {
    const { batch, draws } = this.gpu.run()
    const completed = this.scheduler.complete(batch, draws)
    this.scheduler.checkIntegrity()
    return completed
  }

  /** Runs with up to `depth` steps in flight until nothing is left; `beforeStep` is called before each is decided. */
  drain(depth = 1, beforeStep: (step: number) => void = () => undefined): void {
    for (let step = 0; this.scheduler.hasWork || this.gpu.numQueued > 0; step++) {
      assert(step < 100_000, 'no end in sight')
      beforeStep(step)
      const batch = this.next()
      if (this.gpu.numQueued === depth || (!batch && this.gpu.numQueued > 0)) this.complete()
    }
    assert(this.pool.numFree === this.pool.numBlocks, `${this.pool.numUsed} blocks leaked`)
  }
}
