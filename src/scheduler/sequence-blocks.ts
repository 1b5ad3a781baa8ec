import { assert } from '../core/assert'
import type { Copy } from '../core/batch'
import { BLOCK_LEN, blocksFor } from '../core/block'
import { needsHistory } from '../core/sampling-params'
import type { Sequence } from '../core/sequence'
import type { BlockPool } from '../kv/block-pool'
import { type Claim, numSharedBlocks, type Share, takenBy } from '../kv/claim'
import { COMMON, PrefixCache } from '../kv/prefix-cache'
import { checkTables } from './integrity'
import { finalBlocks, type Lifetime, peakBlocks } from './peak-blocks'

/** Longer than any run: the delay of a sequence of which nobody knows when it ends. */
const NEVER = 2 ** 40

/**
 * Who holds which blocks. A sequence is admitted only if all that run can then run to their maximum within the pool
 * (memory-centric batching, BatchLLM, arXiv:2412.03594: blocks are the limit, not the number of sequences), takes over
 * the blocks that others have computed of its beginning, and publishes its own as they fill.
 */
export class SequenceBlocks {
  /** Most blocks in use at once so far. */
  peakUsed = 0
  readonly #pool: BlockPool
  readonly #prefixes: PrefixCache
  readonly #claims = new Map<Sequence, Claim>()
  readonly #lag: number
  /** Blocks that the step being decided copies from: no one may get them in this step and write to them first. */
  readonly #copiedFrom: number[] = []

  /** `stepsInFlight`: most steps decided before the first of them completes; a sequence leaves that much later. */
  constructor(pool: BlockPool, stepsInFlight: number) {
    this.#pool = pool
    this.#prefixes = new PrefixCache(pool)
    this.#lag = stepsInFlight - 1
  }

  /** Blocks that running sequences hold or that are kept for waiting ones; all others can be had at any time. */
  get numUsed(): number {
    return this.#pool.numUsed - this.#prefixes.numIdle
  }

  /** To be called before anything of a step is decided. */
  beginStep(): void {
    for (const block of this.#copiedFrom.splice(0)) this.#pool.release(block)
  }

  /** Registers that a waiting sequence will want these tokens: once computed, they are kept until it is done. */
  claim(sequence: Sequence, { group, numTokens }: Share): void {
    assert(!this.#claims.has(sequence), `Sequence ${sequence.id} has a claim already.`)
    assert(numTokens < sequence.promptLen, `Sequence ${sequence.id} would share its last token, and draw from nothing.`)
    this.#claims.set(sequence, this.#prefixes.claim(sequence.tokens, numTokens, group))
  }

  /**
   * Whether the sequence can run beside those running with no need to preempt anyone ever, if its prompt takes up to
   * `prefillSteps` steps after this one. Alone, one always can: if need be, what is kept for others gives way.
   */
  makeRoomFor(sequence: Sequence, running: readonly Sequence[], prefillSteps: number): boolean {
    if (this.#fits(sequence, running, prefillSteps)) return true
    if (running.length > 0) return false
    this.#prefixes.keepOnly(this.#claimOf(sequence))
    return true
  }

  /**
   * Gives the sequence blocks for all its tokens: those that exist already, which count as computed, and new ones. Returns
   * what is to be copied into the first of these, by the next step.
   */
  admit(sequence: Sequence): Copy[] {
    const claim = this.#claimOf(sequence)
    // locked first, lest room be made at the expense of what it takes over
    this.#prefixes.lock(claim)
    const { blocks, tail, numTokens } = takenBy(claim)
    const numNew = blocksFor(sequence.length) - blocks.length
    const own = this.#prefixes.makeFree(numNew) ? this.#pool.allocateMany(numNew) : undefined
    assert(own !== undefined, `No ${numNew} blocks for sequence ${sequence.id}.`)
    for (const block of blocks) this.#pool.share(block)
    sequence.blockTable = [...blocks, ...own]
    sequence.numComputed = numTokens
    for (const block of tail) this.#pool.share(block)
    this.#copiedFrom.push(...tail)
    this.#notePeak()
    return tail.map((block, offset) => ({ from: block * BLOCK_LEN + offset, to: own[0] * BLOCK_LEN + offset }))
  }

  /** Makes sure of a block for the next token; false if there is none to be had. */
  grow({ blockTable, length }: Sequence): boolean {
    if (blockTable.length === blocksFor(length)) return true
    const block = this.#prefixes.makeFree(1) ? this.#pool.allocate() : undefined
    if (block === undefined) return false
    blockTable.push(block)
    this.#notePeak()
    return true
  }

  /** Lets others share the full blocks of what is computed and known. */
  publish(sequence: Sequence): void {
    const { tokens, numComputed, blockTable } = sequence
    this.#prefixes.publish(this.#claimOf(sequence), tokens, Math.min(numComputed, tokens.length), blockTable)
  }

  /** The sequence stops running: its table is empty, what it published is kept for it. */
  release(sequence: Sequence): void {
    for (const block of sequence.blockTable.toReversed()) this.#pool.release(block)
    sequence.blockTable = []
    this.#prefixes.unlock(this.#claimOf(sequence))
  }

  /** The sequence is finished, and will not want anything again. */
  forget(sequence: Sequence): void {
    const claim = this.#claims.get(sequence)
    if (claim) this.#prefixes.release(claim)
    this.#claims.delete(sequence)
  }

  /** Asserts that tables and prefixes account for every reference to a block; assumes that no one else holds any. */
  checkIntegrity(running: readonly Sequence[]): void {
    const tables = running.map(({ blockTable }) => blockTable)
    this.#pool.checkIntegrity([...tables, this.#copiedFrom, ...this.#prefixes.checkIntegrity()])
    checkTables(running)
    for (const sequence of running) {
      const { blocks } = takenBy(this.#claimOf(sequence))
      const agree = blocks.every((block, index) => sequence.blockTable[index] === block)
      assert(agree, `Sequence ${sequence.id} has blocks ${sequence.blockTable}, but its prefix is in ${blocks}.`)
    }
  }

  #fits(sequence: Sequence, running: readonly Sequence[], prefillSteps: number): boolean {
    const claim = this.#claimOf(sequence)
    const lifetimes = running.map(each => this.#lifetime(each, each.numComputed, 0))
    lifetimes.push(this.#lifetime(sequence, sequence.length, prefillSteps))
    // what is not charged to a single running sequence stays in use throughout
    const numNew = blocksFor(sequence.length) - takenBy(claim).blocks.length
    const charged = running.reduce((sum, each, index) => sum + each.blockTable.length - lifetimes[index].numShared, 0)
    const own = blocksFor(sequence.length) - lifetimes[running.length].numShared
    const left = this.#pool.numBlocks - (this.numUsed + numNew - charged - own)
    const most = lifetimes.reduce((sum, lifetime) => sum + finalBlocks(lifetime), 0)
    return most <= left || peakBlocks(lifetimes) <= left
  }

  /** One that nobody planned for shares all it can with everything. */
  #claimOf(sequence: Sequence): Claim {
    const existing = this.#claims.get(sequence)
    if (existing) return existing
    const claim = this.#prefixes.claim(sequence.tokens, sequence.promptLen - 1, COMMON)
    this.#claims.set(sequence, claim)
    return claim
  }

  /** `numTokens`: with K and V once this step has run, as if nothing delayed it. */
  #lifetime(sequence: Sequence, numTokens: number, delay: number): Lifetime {
    const maxTokens = sequence.maxLen - 1
    const numShared = numSharedBlocks(this.#claimOf(sequence), sequence.blockTable)
    // one that waits for its draws gets on at no known pace
    if (needsHistory(sequence.params)) return { numTokens: maxTokens, maxTokens, numShared, delay: NEVER }
    return { numTokens, maxTokens, numShared, delay: delay + this.#lag }
  }

  #notePeak(): void {
    this.peakUsed = Math.max(this.peakUsed, this.numUsed)
  }
}
