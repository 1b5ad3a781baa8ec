import { assert } from '../core/assert'
import { BLOCK_LEN, blocksFor } from '../core/block'
import type { BlockPool } from './block-pool'
import { type Claim, canGoOn } from './claim'
import { EvictionQueue } from './eviction-queue'
import { checkRun, floorToBlock, newRun, numOwnBlocks, type Run, topDown } from './prefix-run'
import { type RadixNode, RadixTree } from './radix-tree'

/** Everything may share with everything here, and what nobody claims is remembered until its blocks are needed. */
export const COMMON = 0

/**
 * Which KV blocks hold which tokens, so that sequences with the same beginning share them: a radix tree
 * (RadixAttention, SGLang, arXiv:2312.07104 §3), the tokens themselves compared, never only a hash.
 *
 * Beyond the paper, claims can be made before a sequence runs, so that a whole job's tree is known ahead: a run that
 * somebody still claims is kept, and one that nobody claims is free to be taken, least recently used first. What is
 * computed is published when its computation is decided, so sequences share in flight, even within a step. Full blocks
 * are shared; a block that two sequences fill differently from some token on is copied up to there.
 *
 * Groups (any numbers) never share with each other: for adapters, and for plans that say who shares with whom. Only
 * `COMMON` remembers what nobody claims.
 */
export class PrefixCache {
  /** Blocks that nobody claims: free for the asking, but still remembered. */
  numIdle = 0
  readonly #pool: BlockPool
  readonly #trees = new Map<number, RadixTree<Run>>()
  readonly #evictable = new EvictionQueue()
  #clock = 0

  /** `granule`: sequences share multiples of this many tokens; BLOCK_LEN for whole blocks only. */
  constructor(
    pool: BlockPool,
    readonly granule = 1,
  ) {
    this.#pool = pool
  }

  /** Blocks that can be had: free ones and those that nobody claims. */
  get numAvailable(): number {
    return this.#pool.numFree + this.numIdle
  }

  /** Claims the first `numTokens` tokens, down to a granule; `tokens` must not change, but may grow. */
  claim(tokens: readonly number[], numTokens: number, group = COMMON): Claim {
    const node = this.#tree(group).insert(tokens, numTokens - (numTokens % this.granule))
    for (const each of node.path()) {
      if (each.value.claims === 0) this.numIdle -= numOwnBlocks(each)
      each.value.claims++
    }
    return { group, node, isLocked: false, numPublished: 0 }
  }

  /** Ends a claim. Runs that nobody claims any more lose what was never computed, and outside `COMMON` all. */
  release(claim: Claim): void {
    if (claim.isLocked) this.unlock(claim)
    const tree = this.#tree(claim.group)
    for (const node of [...claim.node.path()]) {
      node.value.claims--
      if (node.value.claims === 0) this.#letGo(tree, node, claim.group === COMMON)
    }
    if (claim.group !== COMMON && tree.root.isLeaf) this.#trees.delete(claim.group)
  }

  /** The sequence starts to run: a block table will name the blocks, and they stay until it is unlocked. */
  lock(claim: Claim): void {
    assert(!claim.isLocked, 'A claim is locked twice.')
    claim.isLocked = true
    claim.numPublished = 0
    for (const { value } of claim.node.path()) value.locks++
  }

  unlock(claim: Claim): void {
    assert(claim.isLocked, 'A claim is unlocked twice.')
    claim.isLocked = false
    for (const { value } of claim.node.path()) value.locks--
  }

  /**
   * The sequence's table holds the K and V of its first `numTokens` tokens, or will once the steps submitted have run:
   * others may take them over from now on. Full blocks beyond the claim are claimed as well, up to one that someone else
   * has with the same tokens: from there on the sequence keeps its blocks to itself.
   */
  publish(claim: Claim, tokens: readonly number[], numTokens: number, blockTable: readonly number[]): void {
    const full = floorToBlock(numTokens)
    const end = numTokens > claim.node.end ? Math.max(full, claim.node.end) : numTokens - (numTokens % this.granule)
    if (end <= claim.numPublished) return
    claim.numPublished = end
    if (end > claim.node.end && claim.group === COMMON) this.#extend(claim, tokens, end)
    for (const { value, start, end: runEnd } of topDown(claim.node)) {
      const first = Math.floor(start / BLOCK_LEN)
      const newEnd = Math.min(end, runEnd)
      if (newEnd <= start + value.numComputed) continue
      for (let at = Math.floor((start + value.numComputed) / BLOCK_LEN); at < blocksFor(newEnd); at++) {
        const before = value.blocks[at - first]
        this.#pool.share(blockTable[at])
        if (before !== undefined) this.#pool.release(before)
        value.blocks[at - first] = blockTable[at]
      }
      value.numComputed = newEnd - start
    }
  }

  /** Makes at least `count` blocks of the pool free, if that many can be had without touching what runs. */
  makeFree(count: number): boolean {
    const pool = this.#pool
    let isEvicting = true
    while (isEvicting && pool.numFree < count) isEvicting = this.#evictLeaf(count - pool.numFree)
    if (pool.numFree < count) this.#dropUnlocked(count)
    return pool.numFree >= count
  }

  /**
   * Gives up all blocks but those that the claim needs for a table of full blocks: what others wait for, and blocks that
   * are there only to be copied from. What is still claimed must be computed again. For when nobody runs.
   */
  keepOnly(claim: Claim): void {
    this.lock(claim)
    this.makeFree(this.#pool.numBlocks)
    this.unlock(claim)
    let below: Run | undefined
    for (const { value, start } of claim.node.path()) {
      if (value.numComputed === 0) continue
      const end = start + value.numComputed
      if (below && end % BLOCK_LEN > 0) this.#replaceLast(value, below.blocks[0])
      else if (!below) this.#cutTo(value, start, Math.max(start, floorToBlock(end)))
      if (value.numComputed > 0) below = value
    }
  }

  /** Asserts that claims, locks, blocks and counters agree; returns the block lists that the tree holds references to. */
  checkIntegrity(): number[][] {
    const held: number[][] = []
    let numIdle = 0
    for (const [group, tree] of this.#trees) {
      for (const node of tree.nodes()) {
        checkRun(group, node, this.granule)
        held.push(node.value.blocks)
        if (node.value.claims === 0) numIdle += numOwnBlocks(node)
      }
    }
    assert(numIdle === this.numIdle, `${numIdle} blocks are idle, but ${this.numIdle} are counted.`)
    return held
  }

  #tree(group: number): RadixTree<Run> {
    const tree =
      this.#trees.get(group) ??
      new RadixTree<Run>(this.granule, newRun, (run, numTokens, start) => this.#split(run, numTokens, start))
    this.#trees.set(group, tree)
    return tree
  }

  /** Where a run is split inside a block, both parts need that block. */
  #split(run: Run, numTokens: number, start: number): Run {
    const { blocks, numComputed } = run
    const first = Math.floor(start / BLOCK_LEN)
    const upper = { ...run, numComputed: Math.min(numComputed, numTokens), isQueued: false }
    run.numComputed -= upper.numComputed
    upper.blocks = upper.numComputed === 0 ? [] : blocks.slice(0, blocksFor(start + upper.numComputed) - first)
    run.blocks = run.numComputed === 0 ? [] : blocks.slice(Math.floor((start + numTokens) / BLOCK_LEN) - first)
    if (upper.blocks.length + run.blocks.length > blocks.length) this.#pool.share(run.blocks[0])
    return upper
  }

  #extend(claim: Claim, tokens: readonly number[], end: number): void {
    const tree = this.#tree(claim.group)
    const { node } = claim
    if (node.isLeaf && node.value.claims === 1 && node.source === tokens) {
      node.end = end
      return
    }
    const found = tree.find(tokens, end)
    if (!canGoOn(node, found)) {
      claim.numPublished = Number.POSITIVE_INFINITY
      return
    }
    claim.node = tree.insert(tokens, end)
    for (const each of claim.node.path()) {
      if (each === node) break
      if (each.value.claims === 0) this.numIdle -= numOwnBlocks(each)
      each.value.claims++
      each.value.locks++
    }
  }

  /** Nobody claims the node any more. */
  #letGo(tree: RadixTree<Run>, node: RadixNode<Run>, isRemembered: boolean): void {
    const { value } = node
    if (!isRemembered) this.#drop(value)
    value.lastUsed = this.#clock++
    this.numIdle += numOwnBlocks(node)
    if (value.numComputed < node.numTokens) tree.trim(node, node.start + value.numComputed)
    if (value.numComputed > 0) this.#evictable.push(node)
  }

  /** Frees up to `count` blocks of the least recently used leaf that nobody claims, its last ones. */
  #evictLeaf(count: number): boolean {
    const node = this.#evictable.pop()
    if (!node) return false
    const { value, start, parent } = node
    const numFreed = Math.min(count, numOwnBlocks(node))
    const isEmpty = numFreed === numOwnBlocks(node)
    for (const block of value.blocks.splice(isEmpty ? 0 : -numFreed).reverse()) this.#pool.release(block)
    this.numIdle -= numFreed
    const end = isEmpty ? start : (Math.floor(start / BLOCK_LEN) + value.blocks.length) * BLOCK_LEN
    value.numComputed = end - start
    this.#tree(COMMON).trim(node, end)
    const next = isEmpty ? parent : node
    if (next?.parent && next.value.claims === 0) this.#evictable.push(next)
    return true
  }

  /** Frees blocks that are claimed, but by no one who runs, from the leaves up, until `count` are free. */
  #dropUnlocked(count: number): void {
    for (const tree of this.#trees.values()) {
      for (const { value } of [...tree.nodes()].reverse()) {
        if (this.#pool.numFree >= count) return
        if (value.locks === 0) this.#drop(value)
      }
    }
  }

  #replaceLast({ blocks }: Run, block: number): void {
    this.#pool.share(block)
    this.#pool.release(blocks[blocks.length - 1])
    blocks[blocks.length - 1] = block
  }

  /** Forgets the run's tokens from position `end` on. */
  #cutTo(run: Run, start: number, end: number): void {
    const numKept = end === start ? 0 : blocksFor(end) - Math.floor(start / BLOCK_LEN)
    for (const block of run.blocks.splice(numKept).reverse()) this.#pool.release(block)
    run.numComputed = end - start
  }

  #drop(run: Run): void {
    for (const block of run.blocks.splice(0).reverse()) this.#pool.release(block)
    run.numComputed = 0
  }
}
