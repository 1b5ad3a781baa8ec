import { assert } from '../../src/core/assert'
import type { Batch } from '../../src/core/batch'
import type { Sequence } from '../../src/core/sequence'
import { BlockPool } from '../../src/kv/block-pool'
import { type Completed, Scheduler } from '../../src/scheduler/scheduler'
import { SimulatedGpu } from './simulated-gpu'

/** A scheduler and the simulated GPU it feeds; every step is held against the laws. */
export class Drive {
  readonly pool: BlockPool
  readonly scheduler: Scheduler
  readonly gpu = new SimulatedGpu()
  readonly completed: Completed[] = []

  constructor(
    readonly tokenBudget: number,
    numBlocks: number,
    contextLength = 512,
  ) {
    this.pool = new BlockPool(numBlocks)
    this.scheduler = new Scheduler({ pool: this.pool, tokenBudget, contextLength })
  }

  /** Decides a step and submits it. */
  next(running: readonly Sequence[] = []): Batch | undefined {
    const decodes = running.filter(({ slot, numRemaining, length, maxLen }) => {
      return slot !== undefined && numRemaining === 1 && length < maxLen
    })
    const batch = this.scheduler.next()
    this.scheduler.checkIntegrity()
    if (!batch) {
      assert(this.gpu.numQueued > 0 || !this.scheduler.hasWork, 'there is work and nothing in flight, but no step')
      return undefined
    }
    const numTokens = batch.chunks.reduce((sum, { count }) => sum + count, 0)
    assert(numTokens === batch.numTokens, `the batch says ${batch.numTokens} tokens, but has ${numTokens}`)
    assert(numTokens > 0 && numTokens <= this.tokenBudget, `${numTokens} tokens, the budget is ${this.tokenBudget}`)
    assert(batch.chunks.every(({ count }) => count > 0), 'a chunk is empty')
    const stalled = decodes.filter(({ slot }) => slot !== undefined).filter(s => !hasChunk(batch, s))
    const isFull = batch.chunks.every(({ count }) => count === 1) && numTokens === this.tokenBudget
    assert(stalled.length === 0 || isFull, `decodes ${stalled.map(({ id }) => id)} stalled`)
    this.gpu.submit(batch)
    return batch
  }

  /** Runs the oldest step in flight and accounts for it. */
  complete(): Completed[] {
    const { batch, draws } = this.gpu.run()
    const completed = this.scheduler.complete(batch, draws)
    this.completed.push(...completed)
    this.scheduler.checkIntegrity()
    return completed
  }

  /** Runs with `depth` steps in flight until nothing is left; `eachStep` is called before each is decided. */
  drain(depth = 1, eachStep: (step: number) => void = () => undefined): void {
    for (let step = 0; this.scheduler.hasWork || this.gpu.numQueued > 0; step++) {
      assert(step < 100_000, 'no end in sight')
      eachStep(step)
      const batch = this.next()
      if (this.gpu.numQueued >= depth || (!batch && this.gpu.numQueued > 0)) this.complete()
    }
    assert(this.pool.numFree === this.pool.numBlocks, `${this.pool.numUsed} blocks leaked`)
  }
}

export function hasChunk(batch: Batch, sequence: Sequence): boolean {
  return batch.chunks.some(chunk => chunk.sequence === sequence)
}
