import { assert } from '../core/assert'
import type { Copy } from '../core/batch'
import { BLOCK_LEN, blocksFor } from '../core/block'
import { waitsForDraws } from '../core/sampling-params'
import type { Sequence } from '../core/sequence'
import type { BlockPool } from '../kv/block-pool'
import { blocksInSight, firstNeeded, freeFirst, heldBlocks, truncate } from '../kv/block-table'
import { type Claim, numRunsToShare, numSharedBlocks, takenBy } from '../kv/claim'
import { type CacheView, PrefixCache } from '../kv/prefix-cache'
import { COMMON, type Share } from '../kv/share'
import { checkTables } from './integrity'
import { finalBlocks, type Lifetime, peakBlocks } from './peak-blocks'

/** Longer than any run: the delay of a sequence of which nobody knows when it ends. */
const NEVER = 2 ** 40

/** How the prompt of a sequence would be computed, if it started now. */
export interface Prefill {
  /** Most tokens in this step. */
  readonly room: number
  /** Most tokens in each later step. */
  readonly tokenBudget: number
  /** Most later steps. */
  readonly numSteps: number
}

/**
 * Who holds which blocks. A sequence is admitted only if all that run can then run to their maximum within the pools
 * (memory-centric batching, BatchLLM, arXiv:2412.03594: blocks are the limit, not the number of sequences), takes over
 * the blocks that others have computed of its beginning, and publishes its own as they fill. In a windowed group it gives
 * up its blocks as it leaves them behind.
 */
export class SequenceBlocks {
  /** [groups] Most blocks in use at once so far. */
  readonly peakUsed: number[]
  readonly #pools: readonly BlockPool[]
  readonly #prefixes: PrefixCache
  readonly #claims = new Map<Sequence, Claim>()
  /** What was claimed for a sequence before its turn came. */
  readonly #shares = new WeakMap<Sequence, Share>()
  readonly #lag: number
  /** [groups] Blocks that the step being decided copies from: no one may get them in this step and write to them first. */
  readonly #copiedFrom: number[][]
  /** [groups] How many first tokens of a block the step being decided copies into it: in that step none can be copied on. */
  readonly #copiedInto: Map<number, number>[]

  /** `stepsInFlight`: most steps decided before the first of them completes; a sequence leaves that much later. */
  constructor(pools: readonly BlockPool[], stepsInFlight: number) {
    this.#pools = pools
    this.#prefixes = new PrefixCache(pools)
    this.#lag = stepsInFlight - 1
    this.peakUsed = pools.map(() => 0)
    this.#copiedFrom = pools.map(() => [])
    this.#copiedInto = pools.map(() => new Map())
  }

  /** For those who watch. */
  get view(): CacheView {
    return { pools: this.#pools, prefixes: this.#prefixes, claims: this.#claims.values() }
  }

  /** [groups] Blocks that running sequences hold or that are kept for waiting ones; all others can be had at any time. */
  get numUsed(): readonly number[] {
    return this.#pools.map((_, group) => this.#numUsed(group))
  }

  /** [groups] Most blocks that a sequence ever holds, if it computes up to `count` tokens in a step. */
  mostBlocks(count: number): number[] {
    // what is in flight is not published, and what is seen before it is kept
    const numInFlight = blocksFor(Math.max(0, this.#lag - 1))
    return this.#pools.map(({ window }) => blocksInSight(window, count) + numInFlight)
  }

  /** To be called before anything of a step is decided: what the step before was the last to read is free from now on. */
  beginStep(running: readonly Sequence[]): void {
    this.#pools.forEach((pool, group) => {
      this.#copiedInto[group].clear()
      for (const block of this.#copiedFrom[group].splice(0)) pool.release(block)
      if (!pool.isWindowed) return
      for (const { tokens, numComputed, blockTables } of running) {
        // tokens that are not known yet are not published: whoever takes over the others goes on where these end
        freeFirst(pool, blockTables[group], firstNeeded(pool.window, Math.min(numComputed, tokens.length)))
      }
    })
  }

  /** Nothing is computed any more, and the pools have so many blocks: what is claimed stays claimed. Nobody may run. [groups] */
  restart(numBlocks: readonly number[]): void {
    this.beginStep([])
    this.#prefixes.clear()
    this.#pools.forEach((pool, group) => {
      pool.resize(numBlocks[group])
    })
  }

  /** Registers that a waiting sequence will want these tokens: once computed, they are kept until it is done. */
  claim(sequence: Sequence, share: Share): void {
    const { id, tokens, promptLen, numTakeable } = sequence
    assert(!this.#claims.has(sequence), `Sequence ${id} has a claim already.`)
    assert(share.numTokens < promptLen, `Sequence ${id} would share its last token, and draw from nothing.`)
    this.#claims.set(sequence, this.#prefixes.claim(tokens, { ...share, numTakeable }, id))
    this.#shares.set(sequence, share)
  }

  /**
   * Whether the sequence can run beside those running with no need to preempt anyone ever. Alone, one always can: if need
   * be, what is kept for others gives way.
   */
  makeRoomFor(sequence: Sequence, running: readonly Sequence[], prefill: Prefill): boolean {
    const fits = () => this.#fits(sequence, running, prefill)
    if (fits()) return true
    if (running.length === 0) {
      this.#prefixes.keepOnly(this.#claimOf(sequence))
      return true
    }
    for (const each of running) this.#prefixes.freeBehind(this.#claimOf(each), each.blockTables)
    return this.#pools.some(pool => pool.isWindowed) && fits()
  }

  /** Whether the sequence would take over tokens that only this step copies to where it finds them. */
  mustWaitForCopies(sequence: Sequence): boolean {
    return takenBy(this.#claimOf(sequence), this.#pools).groups.some(({ tail }, group) =>
      tail.some((block, offset) => offset < (this.#copiedInto[group].get(block) ?? 0)),
    )
  }

  /**
   * Whether the sequence can run beside these if only they hold blocks: if all others that run give way, and all that is
   * kept for those that wait (`giveUpKept`).
   */
  couldRunBeside(sequence: Sequence, running: readonly Sequence[], prefill: Prefill): boolean {
    const taken = takenBy(this.#claimOf(sequence), this.#pools)
    const numHeld = this.#pools.map((_, group) => {
      const held = [...taken.groups[group].blocks, ...taken.groups[group].tail, ...this.#copiedFrom[group]]
      for (const { blockTables } of running) held.push(...heldBlocks(blockTables[group]))
      return new Set(held).size
    })
    return this.#fits(sequence, running, prefill, numHeld)
  }

  /** Gives up what is kept for others that wait; what is claimed of it must be computed again. */
  giveUpKept(sequence: Sequence): void {
    const claim = this.#claimOf(sequence)
    this.#prefixes.lock(claim)
    for (const pool of this.#pools) this.#prefixes.makeFree(pool, pool.numBlocks)
    this.#prefixes.unlock(claim)
  }

  /**
   * Gives the sequence the blocks that exist already of its tokens, which count as computed, and new ones for the next
   * `room` tokens. Returns what is to be copied into the first of these, by the next step. [groups]
   */
  admit(sequence: Sequence, room: number): Copy[][] {
    const { numTokens, groups } = this.#prefixes.lock(this.#claimOf(sequence))
    sequence.numComputed = numTokens
    sequence.numCached ??= Math.min(numTokens, sequence.promptLen)
    // held first, lest room be made at the expense of what it takes over
    sequence.blockTables = groups.map(({ blocks, tail }, group) => {
      const pool = this.#pools[group]
      const table = { blocks: [...blocks], numFreed: firstNeeded(pool.window, numTokens) }
      for (const block of [...heldBlocks(table), ...tail]) pool.share(block)
      this.#copiedFrom[group].push(...tail)
      return table
    })
    const end = Math.min(sequence.length, numTokens + room)
    assert(this.grow(sequence, end), `No blocks for sequence ${sequence.id}.`)
    return groups.map(({ blocks, tail }, group) => {
      const own = sequence.blockTables[group].blocks[blocks.length]
      this.#copiedInto[group].set(own, tail.length)
      return tail.map((block, offset) => ({ from: block * BLOCK_LEN + offset, to: own * BLOCK_LEN + offset }))
    })
  }

  /** Makes sure of blocks for the tokens before `end`; false if there are none to be had. */
  grow({ blockTables }: Sequence, end: number): boolean {
    return blockTables.every(({ blocks }, group) => {
      const pool = this.#pools[group]
      const numNew = blocksFor(end) - blocks.length
      if (numNew <= 0) return true
      const own = this.#prefixes.makeFree(pool, numNew) ? pool.allocate(numNew) : undefined
      if (own) blocks.push(...own)
      this.peakUsed[group] = Math.max(this.peakUsed[group], this.#numUsed(group))
      return own !== undefined
    })
  }

  /** Lets others share the full blocks of what is computed and known. */
  publish(sequence: Sequence): void {
    const { tokens, numComputed, blockTables } = sequence
    this.#prefixes.publish(this.#claimOf(sequence), tokens, Math.min(numComputed, tokens.length), blockTables)
  }

  /** The sequence stops running: it has no tables, and claims nothing; what it published is remembered while there is room. */
  release(sequence: Sequence): void {
    sequence.blockTables.forEach((table, group) => {
      truncate(this.#pools[group], table, 0)
    })
    sequence.blockTables = []
    this.forget(sequence)
  }

  /** Ends what the sequence claims, if it does. */
  forget(sequence: Sequence): void {
    const claim = this.#claims.get(sequence)
    if (claim) this.#prefixes.release(claim)
    this.#claims.delete(sequence)
  }

  /** Asserts that tables and prefixes account for every reference to a block; assumes that no one else holds any. */
  checkIntegrity(running: readonly Sequence[]): void {
    const held = this.#prefixes.checkIntegrity()
    this.#pools.forEach((pool, group) => {
      const tables = running.map(({ blockTables }) => blockTables[group])
      pool.checkIntegrity([...tables.map(heldBlocks), this.#copiedFrom[group], ...held[group]])
      // with windows some compute again what others have in blocks of their own
      if (!this.#pools.some(each => each.isWindowed)) checkTables(tables)
    })
  }

  #fits(sequence: Sequence, running: readonly Sequence[], prefill: Prefill, numHeld?: readonly number[]): boolean {
    return this.#pools.every((_, group) => this.#fitsIn(group, sequence, running, prefill, numHeld?.[group]))
  }

  /** `numHeld`: blocks of the pool in use, where not all that are count. */
  #fitsIn(
    group: number,
    sequence: Sequence,
    running: readonly Sequence[],
    prefill: Prefill,
    numHeld?: number,
  ): boolean {
    const { numBlocks, window } = this.#pools[group]
    const claim = this.#claimOf(sequence)
    const numUsed = numHeld ?? this.#numUsed(group)
    const { numTokens } = takenBy(claim, this.#pools)
    const numTaken = Math.floor(numTokens / BLOCK_LEN)
    const numToCompute = sequence.length - numTokens
    const numNow = blocksFor(numTokens + Math.min(numToCompute, prefill.room)) - numTaken
    if (numUsed + numNow > numBlocks) return false
    // where all can grow to their maximum, what they share need not be known; thousands may run, for each that may start
    const numToCome = blocksFor(sequence.maxLen - 1) - numTaken + numBlocksToCome(running, group)
    if (!this.#pools[group].isWindowed && numUsed + numToCome <= numBlocks) return true
    const lifetimes = running.map(each => this.#lifetime(group, each, each.numComputed, 1, 0))
    // what is not charged to a single running sequence stays in use throughout
    const charged = running.reduce((sum, { blockTables }, index) => {
      const { blocks, numFreed } = blockTables[group]
      return sum + blocks.length - Math.max(numFreed, lifetimes[index].numShared)
    }, 0)
    const most = Math.min(numToCompute, prefill.tokenBudget)
    const own = this.#lifetime(group, sequence, sequence.length, most, prefill.numSteps)
    lifetimes.push(own)
    const firstOwn = Math.max(own.numShared, firstNeeded(window, numTokens))
    // of each run that it computes for others, what is seen from the end stays, and of the last what a step sees meanwhile
    const mostShared = (1 + numRunsToShare(claim, numTokens)) * blocksInSight(window, most)
    const left = numBlocks - (numUsed - charged + Math.min(firstOwn - numTaken, mostShared))
    return lifetimes.reduce((sum, each) => sum + finalBlocks(each), 0) <= left || peakBlocks(lifetimes) <= left
  }

  /** One that nobody planned for shares all it can with everything; one that has run before finds what it drew then. */
  #claimOf(sequence: Sequence): Claim {
    const existing = this.#claims.get(sequence)
    if (existing) return existing
    const { id, tokens, numTakeable } = sequence
    const { scope, numTokens } = this.#shares.get(sequence) ?? { scope: COMMON, numTokens: 0 }
    const share = { scope, numTokens: scope.remembers ? tokens.length - 1 : numTokens }
    const claim = this.#prefixes.claim(tokens, { ...share, numTakeable }, id)
    this.#claims.set(sequence, claim)
    return claim
  }

  /**
   * `numTokens`: with K and V once this step has run, as if nothing delayed it. `count`: most tokens that it computes in
   * one later step.
   */
  #lifetime(group: number, sequence: Sequence, numTokens: number, count: number, delay: number): Lifetime {
    const maxTokens = sequence.maxLen - 1
    const numShared = numSharedBlocks(this.#claimOf(sequence), group, sequence.blockTables[group]?.blocks)
    const mostBlocks = this.mostBlocks(count)[group]
    // one that waits for its draws gets on at no known pace
    if (waitsForDraws(sequence.params)) return { numTokens: maxTokens, maxTokens, numShared, mostBlocks, delay: NEVER }
    return { numTokens, maxTokens, numShared, mostBlocks, delay: delay + this.#lag }
  }

  #numUsed(group: number): number {
    return this.#pools[group].numUsed - this.#prefixes.numIdle[group]
  }
}

/** Blocks that running sequences do not have yet, if each runs to its maximum. */
function numBlocksToCome(running: readonly Sequence[], group: number): number {
  let sum = 0
  for (const { maxLen, blockTables } of running) sum += blocksFor(maxLen - 1) - blockTables[group].blocks.length
  return sum
}
