import { assert } from '../core/assert'
import { BLOCK_LEN, type BlockTable } from '../core/block'
import type { BlockPool } from './block-pool'
import { freeFirst, heldBlocks, lastBlock, setBlock } from './block-table'
import { CacheChanges } from './cache-changes'
import { type Claim, canGoOn, type Taken, takenBy } from './claim'
import { EvictionQueue } from './eviction-queue'
import {
  checkRun,
  cutRun,
  floorToBlock,
  growRun,
  newRun,
  numOwnBlocks,
  type Run,
  replaceRun,
  splitRun,
  topDown,
} from './prefix-run'
import { type RadixNode, RadixTree } from './radix-tree'
import type { Scope, Share } from './share'

/** A cache as those see it who watch, and change nothing. */
export interface CacheView {
  readonly pools: readonly BlockPool[]
  readonly prefixes: PrefixCache
  /** Those of all sequences that have one. */
  readonly claims: Iterable<Claim>
}

/**
 * Which KV blocks hold which tokens, so that sequences with the same beginning share them: a radix tree
 * (RadixAttention, SGLang, arXiv:2312.07104 §3), the tokens themselves compared.
 *
 * Beyond the paper, claims can be made before a sequence runs, so that a whole job's tree is known ahead: a run that
 * somebody still claims is kept, and one that nobody claims is free to be taken, least recently used first. What is
 * computed is published when its computation is decided, so sequences share in flight, even within a step. Full blocks
 * are shared; a block that two sequences fill differently from some token on is copied up to there.
 *
 * For example, two prompts of 50 and 47 tokens begin with the same 40, and blocks hold 16. Claimed, they are three runs: [0, 40)
 * with two claims, and below it [40, 50) and [40, 47) with one each. The first sequence computes 40 tokens into two full blocks and half
 * of a third, which it goes on filling. The second takes the two over and copies 8 tokens of the third into a block of its own. Once
 * the first has ended, [40, 50) is idle: remembered, and the first to go when blocks are wanted; [0, 40) stays, as the second claims it.
 *
 * Each scope has a tree of its own, so nothing is shared between two; only in some is remembered what nobody claims.
 *
 * With windows (one pool for each KV group) a run keeps only what is seen from its end, so prompts go on where runs end;
 * one that goes on elsewhere computes its tokens again and leaves at the fork what it lacked. (vLLM's hybrid KV cache
 * manager has the idea that a hit needs all blocks of one group and the last of the other.) What is seen from the ends of
 * claimed runs is kept while there is room, and can always be given up: tables have references of their own.
 */
export class PrefixCache {
  /** [pools] Blocks that nobody claims: free for the asking, but still remembered. */
  readonly numIdle: number[]
  readonly #pools: readonly BlockPool[]
  readonly #trees = new Map<Scope, RadixTree<Run>>()
  readonly #evictable = new EvictionQueue()
  readonly #watchers: CacheChanges[] = []
  #clock = 0

  constructor(pools: readonly BlockPool[]) {
    this.#pools = pools
    this.numIdle = pools.map(() => 0)
  }

  /** All runs, each after those above it. */
  *runs(): Generator<RadixNode<Run>> {
    for (const { root } of this.#trees.values()) yield* root.below()
  }

  /** Notes what changes from now on, until `unwatch`. */
  watch(): CacheChanges {
    const changes = new CacheChanges(this.#pools)
    this.#watchers.push(changes)
    return changes
  }

  unwatch(changes: CacheChanges): void {
    changes.leave(this.#pools)
    this.#watchers.splice(this.#watchers.indexOf(changes), 1)
  }

  /** Claims what is shared of the first tokens for sequence `owner`; `tokens` must not change, but may grow. */
  claim(tokens: readonly number[], { scope, numTokens, numTakeable = numTokens }: Share, owner = -1): Claim {
    const tree = this.#tree(scope)
    // what is taken over ends where a run does
    if (numTakeable < numTokens) tree.insert(tokens, numTakeable)
    const node = tree.insert(tokens, numTokens)
    tree.root.value.claims++
    for (const each of node.path()) {
      if (each.value.claims === 0) this.#countIdle(each, -1)
      each.value.claims++
      this.#note(each)
    }
    const claim = { scope, owner, node, isLocked: false, numPublished: 0, numTakeable }
    for (const { claims } of this.#watchers) claims.set(owner, claim)
    return claim
  }

  get #isWindowed(): boolean {
    return this.#pools.some(({ isWindowed }) => isWindowed)
  }

  /** Ends a claim. Runs that nobody claims any more lose what was never computed, and all where nothing is remembered. */
  release(claim: Claim): void {
    if (claim.isLocked) this.unlock(claim)
    const { scope, node: last } = claim
    const { root } = this.#tree(scope)
    root.value.claims--
    for (const node of [...last.path()]) {
      node.value.claims--
      this.#note(node)
      if (node.value.claims === 0) this.#letGo(node, scope.remembers)
    }
    for (const { claims } of this.#watchers) claims.set(claim.owner, undefined)
    if (root.value.claims === 0 && !scope.remembers) this.#trees.delete(scope)
  }

  /**
   * The sequence starts to run: its tables will name the blocks of what it takes over, and what is claimed stays until it
   * is unlocked.
   */
  lock(claim: Claim): Taken {
    assert(!claim.isLocked, 'A claim is locked twice.')
    const taken = takenBy(claim, this.#pools)
    claim.isLocked = true
    claim.numPublished = taken.numTokens
    for (const node of claim.node.path()) {
      node.value.locks++
      this.#note(node)
    }
    return taken
  }

  unlock(claim: Claim): void {
    assert(claim.isLocked, 'A claim is unlocked twice.')
    claim.isLocked = false
    for (const node of claim.node.path()) {
      node.value.locks--
      this.#note(node)
    }
  }

  /**
   * The sequence's tables hold the K and V of its first `numTokens` tokens, or will once the steps submitted have run:
   * others may take them over from now on. Full blocks beyond the claim are claimed as well, up to one that someone else
   * has with the same tokens, or that follows another's: from there on the sequence keeps its blocks to itself.
   */
  publish(claim: Claim, tokens: readonly number[], numTokens: number, tables: readonly BlockTable[]): void {
    const end = numTokens > claim.node.end ? Math.max(floorToBlock(numTokens), claim.node.end) : numTokens
    if (end <= claim.numPublished) return
    const from = claim.numPublished
    claim.numPublished = end
    if (end > claim.node.end && claim.scope.remembers) this.#extend(claim, tokens, end, tables)
    for (const node of topDown(claim.node)) {
      const { value, start } = node
      const known = start + value.numComputed
      const newEnd = Math.min(end, node.end)
      if (newEnd > known && !this.#isWindowed && !follows(node, tables)) {
        claim.numPublished = Number.POSITIVE_INFINITY
        return
      }
      if (newEnd > known) growRun(this.#pools, value, start, newEnd, tables)
      else if (this.#isWindowed && from < known && known <= end) this.#replace(node, tables)
      else continue
      this.#note(node)
    }
  }

  /** Makes at least `count` blocks of a pool free, if that many can be had without touching what runs. */
  makeFree(pool: BlockPool, count: number): boolean {
    let isEvicting = true
    while (isEvicting && pool.numFree < count) isEvicting = this.#evictLeaf(pool, count - pool.numFree)
    if (pool.numFree < count && pool.isWindowed) this.#freeWindows(pool, count)
    else if (pool.numFree < count) {
      this.#joinEnds()
      this.#dropUnlocked(pool, count)
    }
    return pool.numFree >= count
  }

  /** Gives up what is seen from the ends of runs that a sequence, which no longer sees it, was the last to start from. */
  freeBehind(claim: Claim, tables: readonly BlockTable[]): void {
    for (const node of claim.node.path()) {
      const { value, start } = node
      if (value.claims > value.locks) return
      this.#note(node)
      this.#pools.forEach((pool, index) => {
        // the last stays: runs that nobody claims may begin in it, and count on it
        const numPassed = tables[index].numFreed - Math.floor(start / BLOCK_LEN)
        freeFirst(pool, value.tables[index], Math.min(numPassed, value.tables[index].blocks.length - 1))
      })
    }
  }

  /** Forgets all that is computed, but for what somebody who runs reads. Who claims it must compute it again. */
  clear(): void {
    while (this.#evictLeaf(this.#pools[0], Number.POSITIVE_INFINITY));
    this.#dropUnlocked()
  }

  /**
   * Gives up all blocks but those that the claim needs for tables of full blocks: what others wait for, and blocks that
   * are there only to be copied from. What is still claimed must be computed again. For when nobody runs.
   */
  keepOnly(claim: Claim): void {
    const { numTokens } = this.lock(claim)
    this.clear()
    for (const node of claim.node.path()) {
      const { value, start } = node
      const end = Math.min(start + value.numComputed, numTokens)
      this.#note(node)
      cutRun(this.#pools, value, start, Math.max(start, floorToBlock(end)))
      if (value.numComputed > 0) break
    }
    this.#joinEnds()
    this.unlock(claim)
  }

  /** Asserts that claims, locks, blocks and counters agree; returns for each pool the block lists that the tree holds. */
  checkIntegrity(): number[][][] {
    const held: number[][][] = this.#pools.map(() => [])
    const numIdle = this.#pools.map(() => 0)
    for (const [scope, { root }] of this.#trees) {
      assert(root.value.claims > 0 || scope.remembers, `Scope '${scope.name}' has a tree, but no claims.`)
      for (const node of root.below()) {
        checkRun(scope, node)
        held.forEach((lists, index) => {
          lists.push(heldBlocks(node.value.tables[index]))
          if (node.value.claims === 0) numIdle[index] += numOwnBlocks(node, index)
        })
      }
    }
    assert(`${numIdle}` === `${this.numIdle}`, `${numIdle} blocks are idle, but ${this.numIdle} are counted.`)
    return held
  }

  #tree(scope: Scope): RadixTree<Run> {
    const pools = this.#pools
    const tree =
      this.#trees.get(scope) ??
      new RadixTree<Run>(
        () => newRun(pools.length),
        (run, numTokens, start) => splitRun(pools, run, start, numTokens),
        lower => this.#note(lower),
      )
    this.#trees.set(scope, tree)
    return tree
  }

  #extend(claim: Claim, tokens: readonly number[], end: number, tables: readonly BlockTable[]): void {
    const tree = this.#tree(claim.scope)
    const { node } = claim
    const isOurs = node.isLeaf && node.value.claims === 1 && node.source === tokens
    if (isOurs && !endsElsewhere(node, tables)) {
      node.end = end
      this.#note(node)
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
      if (each.value.claims === 0) this.#countIdle(each, -1)
      each.value.claims++
      each.value.locks++
      this.#note(each)
    }
    for (const { claims } of this.#watchers) claims.set(claim.owner, claim)
  }

  /** The sequence's blocks in place of those that the run has; runs below that nobody claims may begin in the last of these. */
  #replace(node: RadixNode<Run>, tables: readonly BlockTable[]): void {
    const isBelow = ({ value, start }: RadixNode<Run>) => value.claims === 0 && floorToBlock(start) < node.end
    const below = [...node.below()].filter(isBelow)
    for (const each of below) this.#countIdle(each, -1)
    replaceRun(this.#pools, node.value, node.start, tables)
    for (const each of below) this.#countIdle(each, 1)
  }

  #note(node: RadixNode<Run>): void {
    for (const { nodes } of this.#watchers) nodes.add(node)
  }

  #countIdle(node: RadixNode<Run>, sign: 1 | -1): void {
    for (const index of this.numIdle.keys()) this.numIdle[index] += sign * numOwnBlocks(node, index)
  }

  /** Nobody claims the node any more. */
  #letGo(node: RadixNode<Run>, isRemembered: boolean): void {
    const { value, start } = node
    if (!isRemembered) cutRun(this.#pools, value, start, start)
    value.lastUsed = this.#clock++
    this.#countIdle(node, 1)
    if (value.numComputed < node.numTokens) node.trim(start + value.numComputed)
    if (value.numComputed > 0) this.#evictable.push(node)
  }

  /**
   * Frees up to `count` blocks of a pool, the last ones of the least recently used leaf that nobody claims; with windows
   * the whole leaf, since what is seen from its end is not what is seen from elsewhere.
   */
  #evictLeaf(pool: BlockPool, count: number): boolean {
    const node = this.#evictable.pop()
    if (!node) return false
    const { value, start, parent } = node
    const numOwn = numOwnBlocks(node, this.#pools.indexOf(pool))
    const isWhole = count >= numOwn || this.#isWindowed
    const numKept = isWhole ? 0 : value.tables[0].blocks.length - count
    const end = isWhole ? start : (Math.floor(start / BLOCK_LEN) + numKept) * BLOCK_LEN
    this.#countIdle(node, -1)
    cutRun(this.#pools, value, start, end)
    this.#countIdle(node, 1)
    node.trim(end)
    this.#note(node)
    const next = isWhole ? parent : node
    if (next?.parent && next.value.claims === 0) this.#evictable.push(next)
    return true
  }

  /** Frees blocks that are claimed, but by no one who runs, from the leaves up, until `count` of a pool are free, or all. */
  #dropUnlocked(pool?: BlockPool, count = 0): void {
    for (const node of this.#leavesFirst()) {
      if (pool && pool.numFree >= count) return
      const { value, start } = node
      if (value.locks > 0) continue
      cutRun(this.#pools, value, start, start)
      this.#note(node)
    }
  }

  /**
   * Every locked run that ends inside a block ends in the one in which a locked run below begins, which holds the same. So
   * a sequence that publishes its output keeps no block but its own, though a run of others may agree with its beginning.
   */
  #joinEnds(): void {
    for (const { value, start, parent } of this.#leavesFirst()) {
      if (value.locks > 0 && value.numComputed > 0 && start % BLOCK_LEN > 0 && parent?.parent) {
        this.#endIn(parent.value, value)
        this.#note(parent)
      }
    }
  }

  /** Gives up what is seen from the ends of claimed runs, first of those that no one waits for, until `count` are free. */
  #freeWindows(pool: BlockPool, count: number): void {
    for (const isWanted of [false, true]) {
      for (const node of this.#leavesFirst()) {
        const { value } = node
        if (pool.numFree >= count) return
        if (value.claims > value.locks !== isWanted) continue
        freeFirst(pool, value.tables[this.#pools.indexOf(pool)], Number.POSITIVE_INFINITY)
        this.#note(node)
      }
    }
  }

  #leavesFirst(): RadixNode<Run>[] {
    return [...this.#trees.values()].flatMap(tree => [...tree.root.below()].reverse())
  }

  /** The run ends in the block in which the one below begins. */
  #endIn({ tables }: Run, below: Run): void {
    this.#pools.forEach((pool, index) => {
      const table = tables[index]
      if (lastBlock(table) === undefined || below.tables[index].numFreed > 0) return
      setBlock(pool, table, table.blocks.length - 1, below.tables[index].blocks[0])
    })
  }
}

/** The block before those with which a sequence would grow the run is the sequence's too: two may compute the same tokens at once. */
function follows({ value, start, parent }: RadixNode<Run>, tables: readonly BlockTable[]): boolean {
  const before = Math.floor((start + value.numComputed) / BLOCK_LEN) - 1
  let run = { value, start, parent }
  while (run.parent?.parent && before < Math.floor(run.start / BLOCK_LEN)) run = run.parent
  const at = before - Math.floor(run.start / BLOCK_LEN)
  return before < 0 || tables.every(({ blocks }, group) => run.value.tables[group].blocks[at] === blocks[before])
}

/**
 * The run ends inside a block that is not the sequence's, which goes on in a copy. Others copy from the former: within a
 * step copies have no order.
 */
function endsElsewhere({ value, numTokens, end }: RadixNode<Run>, tables: readonly BlockTable[]): boolean {
  if (value.numComputed < numTokens || end % BLOCK_LEN === 0) return false
  return tables.every(({ blocks }, group) => lastBlock(value.tables[group]) !== blocks[Math.floor(end / BLOCK_LEN)])
}
