import type { CallEvent, Counts, EngineEvent, EngineSnapshot, StepEvent, TreeRows } from '../engine/events'

/** A run of the prefix tree: tokens that sequences have in common, at positions `[start, end)` of each. */
export interface TreeRun {
  readonly id: number
  /** The id of the run above; 0: none. */
  readonly parent: number
  readonly start: number
  readonly end: number
  /** First tokens of it that are computed, or will be once the steps in flight have run. */
  readonly computed: number
  /** Unfinished sequences that read it or will, and those of them that run. */
  readonly claims: number
  readonly locks: number
  /** [KV groups] Blocks with its computed tokens. */
  readonly blocks: readonly Int32Array[]
}

/** What an engine's events come to: it stands as the engine stood when it told of the last of them. */
export class EngineState {
  /** By their ids. */
  readonly runs = new Map<number, TreeRun>()
  /** The run up to which each sequence claims its tokens. */
  readonly claims = new Map<number, number>()
  /** [KV groups] [blocks] How many tables name each block; 0: it is free. */
  refCounts: readonly Uint32Array<ArrayBuffer>[] = []
  /** Calls under way, by their first sequence's id. */
  readonly calls = new Map<number, CallEvent>()
  counts: Counts | undefined
  /** The last that was told of since the snapshot. */
  step: StepEvent | undefined

  apply(events: Iterable<EngineEvent>): this {
    for (const event of events) this.#apply(event)
    return this
  }

  /** As `engine.inspect()` tells it, but for the order of runs, claims and calls. */
  snapshot(): EngineSnapshot {
    const runs: number[] = []
    const blocks: number[] = []
    for (const { id, parent, start, end, computed, claims, locks, blocks: groups } of this.runs.values()) {
      runs.push(id, parent, start, end, computed, claims, locks, ...groups.map(({ length }) => length))
      for (const group of groups) for (const block of group) blocks.push(block)
    }
    if (!this.counts) throw new Error('There is no snapshot among the events so far.')
    return {
      tree: { runs: Int32Array.from(runs), blocks: Int32Array.from(blocks) },
      claims: Int32Array.from([...this.claims].flat()),
      refCounts: this.refCounts.map(counts => counts.slice()),
      counts: this.counts,
      calls: [...this.calls.values()],
    }
  }

  #apply(event: EngineEvent): void {
    if (event.kind === 'snapshot') this.#begin(event)
    else if (event.kind === 'call') this.calls.set(event.first, event)
    else if (event.kind === 'call-end') this.calls.delete(event.first)
    else if (event.kind === 'step') this.step = event
    else if (event.kind === 'tree') {
      this.#setRuns(event)
      for (const id of event.removed) this.runs.delete(id)
      this.#setClaims(event.claims)
    } else if (event.kind === 'blocks') {
      for (const [group, pairs] of event.changed.entries()) {
        for (let at = 0; at < pairs.length; at += 2) this.refCounts[group][pairs[at]] = pairs[at + 1]
      }
    } else {
      const { kind, ...counts } = event
      this.counts = counts
    }
  }

  #begin({ tree, claims, refCounts, counts, calls }: EngineSnapshot): void {
    this.runs.clear()
    this.claims.clear()
    this.calls.clear()
    this.step = undefined
    this.refCounts = refCounts.map(each => each.slice())
    this.counts = counts
    this.#setRuns(tree)
    this.#setClaims(claims)
    for (const call of calls) this.calls.set(call.first, call)
  }

  #setRuns({ runs, blocks }: TreeRows): void {
    const numGroups = this.refCounts.length
    let firstBlock = 0
    for (let at = 0; at < runs.length; at += RUN_FIELDS + numGroups) {
      const [id, parent, start, end, computed, claims, locks] = runs.subarray(at, at + RUN_FIELDS)
      const ofRun: Int32Array[] = []
      for (let group = 0; group < numGroups; group++) {
        const numBlocks = runs[at + RUN_FIELDS + group]
        ofRun.push(blocks.slice(firstBlock, firstBlock + numBlocks))
        firstBlock += numBlocks
      }
      this.runs.set(id, { id, parent, start, end, computed, claims, locks, blocks: ofRun })
    }
  }

  #setClaims(pairs: Int32Array): void {
    for (let at = 0; at < pairs.length; at += 2) {
      if (pairs[at + 1] === 0) this.claims.delete(pairs[at])
      else this.claims.set(pairs[at], pairs[at + 1])
    }
  }
}

/** Numbers of a run before those of its blocks. */
const RUN_FIELDS = 7
