import type { Batch } from '../core/batch'
import type { CacheChanges } from '../kv/cache-changes'
import type { Claim } from '../kv/claim'
import type { CacheView } from '../kv/prefix-cache'
import { treeRows } from '../kv/tree-rows'
import type { Scheduler } from '../scheduler/scheduler'
import type { CallEvent, Counts, EngineEvent, EngineSnapshot, StepEvent } from './events'
import type { StepTimes } from './step-clock'

/** The parts of an engine that are watched. */
export interface WatchedEngine {
  readonly scheduler: Pick<Scheduler, 'cache' | 'stats' | 'numRunning' | 'numWaiting' | 'usedBlocks'>
  /** Most rows of a step. */
  readonly tokenBudget: () => number
  /** Of all steps so far. */
  readonly times: StepTimes
}

export function countsOf({ scheduler }: WatchedEngine): Counts {
  const { stats, numRunning, numWaiting, usedBlocks, cache } = scheduler
  return { ...stats, running: numRunning, waiting: numWaiting, usedBlocks, idleBlocks: [...cache.prefixes.numIdle] }
}

/** The step as an event; `before`: the times of the steps before it. */
export function stepEvent(batch: Batch, step: number, engine: WatchedEngine, before: StepTimes): StepEvent {
  const { chunks, draws, numTokens } = batch
  const rows = new Int32Array(4 * chunks.length)
  const ended: number[] = []
  // chunks and draws are in the same order
  let numDraws = 0
  let at = 0
  for (const chunk of chunks) {
    const { sequence } = chunk
    const firstDraw = numDraws
    for (; draws[numDraws]?.chunk === chunk; numDraws++) {
      const isLast = draws[numDraws].position === sequence.tokens.length - 1
      if (sequence.isFinished && isLast) ended.push(sequence.id)
    }
    rows[at++] = sequence.id
    rows[at++] = chunk.start
    rows[at++] = chunk.count
    rows[at++] = numDraws - firstDraw
  }
  const times = { ...engine.times }
  for (const phase of Object.keys(times) as (keyof StepTimes)[]) times[phase] -= before[phase]
  return {
    kind: 'step',
    step,
    at: performance.timeOrigin + performance.now(),
    numTokens,
    budget: engine.tokenBudget(),
    chunks: rows,
    ended: new Int32Array(ended),
    times,
  }
}

/** What has changed of the tree and of the blocks, if anything has. */
export function cacheEvents({ nodes, claims, blocks }: CacheChanges, { pools }: CacheView): EngineEvent[] {
  const events: EngineEvent[] = []
  if (nodes.size + claims.size > 0) {
    const all = [...nodes]
    const removed = new Int32Array(all.filter(({ isInTree }) => !isInTree).map(({ id }) => id))
    const changed = all.filter(({ isInTree }) => isInTree)
    events.push({ kind: 'tree', ...treeRows(changed, pools.length), removed, claims: claimRows(claims) })
  }
  if (blocks.some(({ size }) => size > 0)) {
    const changed = blocks.map((ofPool, index) => {
      const pairs = new Int32Array(2 * ofPool.size)
      let at = 0
      for (const block of ofPool) {
        pairs[at++] = block
        pairs[at++] = pools[index].refCount(block)
      }
      return pairs
    })
    events.push({ kind: 'blocks', changed })
  }
  return events
}

export function snapshotOf(engine: WatchedEngine, calls: readonly CallEvent[]): EngineSnapshot {
  const { pools, prefixes, claims } = engine.scheduler.cache
  return {
    tree: treeRows([...prefixes.runs()], pools.length),
    claims: claimRows([...claims].map(claim => [claim.owner, claim])),
    refCounts: pools.map(({ refCounts }) => refCounts),
    counts: countsOf(engine),
    calls,
  }
}

/** [sequences, 2] */
export function claimRows(claims: Iterable<readonly [owner: number, claim: Claim | undefined]>) {
  const rows: number[] = []
  for (const [owner, claim] of claims) rows.push(owner, claim?.node.parent ? claim.node.id : 0)
  return new Int32Array(rows)
}
