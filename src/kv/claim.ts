import { BLOCK_LEN } from '../core/block'
import type { BlockPool } from './block-pool'
import { firstNeeded, lastBlock } from './block-table'
import { floorToBlock, type Run, topDown } from './prefix-run'
import type { RadixNode } from './radix-tree'
import type { Scope } from './share'

/** A sequence's hold on the beginning of its tokens. */
export interface Claim {
  readonly scope: Scope
  /** The id of the sequence. */
  readonly owner: number
  /** Ends where the claimed tokens end. */
  node: RadixNode<Run>
  isLocked: boolean
  /** Tokens that are taken over at most: a run ends there. */
  readonly numTakeable: number
  /** Tokens that are published; Infinity once another's blocks are where the next would go. */
  numPublished: number
}

/** The part of a prompt that a sequence can take over: its first `numTokens` tokens. */
export interface Taken {
  readonly numTokens: number
  /** [groups] */
  readonly groups: readonly TakenBlocks[]
}

export interface TakenBlocks {
  /** [floor(numTokens / BLOCK_LEN)] The full blocks, to be shared; those before the window are stale. */
  readonly blocks: readonly number[]
  /** [numTokens % BLOCK_LEN] The block that each of the last tokens is in, at its offset; to be copied. */
  readonly tail: readonly number[]
}

/**
 * The part that exists already of the tokens that are claimed, up to the last place where a run ends, or what is computed of it,
 * and all groups hold the blocks that a token there sees.
 */
export function takenBy({ node, numTakeable }: Claim, pools: readonly BlockPool[]): Taken {
  const groups = pools.map(({ window }) => ({ window, blocks: [] as number[], tail: [] as number[], firstHeld: 0 }))
  let place = { numTokens: 0, tails: groups.map((): number[] => []) }
  for (const { value, start, end } of topDown(node)) {
    if (start >= numTakeable) break
    let numTokens = start + value.numComputed
    // of a run that is not complete only full blocks: another may go on in the last
    if (numTokens < end) numTokens = Math.max(start, floorToBlock(numTokens))
    const first = Math.floor(start / BLOCK_LEN)
    const tailStart = floorToBlock(numTokens)
    for (const [index, group] of groups.entries()) {
      const { blocks, numFreed } = value.tables[index]
      group.blocks.splice(first, 1, ...blocks)
      if (numFreed > 0) group.firstHeld = first + numFreed
      // tokens of the runs above are taken from where they were computed, not from a copy that may be made only now
      group.tail.splice(Math.max(0, start - tailStart))
      while (tailStart + group.tail.length < numTokens) group.tail.push(group.blocks[tailStart / BLOCK_LEN])
    }
    const canGoOn = groups.every(({ window, firstHeld }) => firstHeld <= firstNeeded(window, numTokens))
    if (canGoOn) place = { numTokens, tails: groups.map(({ tail }) => [...tail]) }
    if (numTokens < end) break
  }
  const { numTokens, tails } = place
  const numFull = Math.floor(numTokens / BLOCK_LEN)
  return {
    numTokens,
    groups: groups.map(({ blocks }, index) => ({ blocks: blocks.slice(0, numFull), tail: tails[index] })),
  }
}

/** How many blocks of the sequence's table for the group have other claims as well: its first ones. */
export function numSharedBlocks({ node }: Claim, group: number, blockTable: readonly number[] = []): number {
  // of all that run, for each that may start: a generator would be most of the time of a step
  let shared = node
  while (shared.parent && shared.value.claims <= 1) shared = shared.parent
  if (!shared.parent) return 0
  const { value, end, numTokens } = shared
  const numFull = Math.floor(end / BLOCK_LEN)
  // the block in which the run ends is that of the sequence that computes it
  const last = lastBlock(value.tables[group])
  const isOurs = value.numComputed < numTokens || (last !== undefined && last === blockTable[numFull])
  return end % BLOCK_LEN > 0 && isOurs ? numFull + 1 : numFull
}

/** How many runs that others claim as well end after the first `numTokens` tokens. */
export function numRunsToShare({ node }: Claim, numTokens: number): number {
  return [...node.path()].filter(({ value, end }) => value.claims > 1 && end > numTokens).length
}

/**
 * Whether a sequence that has published up to `node` can do so beyond what the tree holds of its tokens already: not if
 * that fills a block, which is then the block of another, nor if another is to compute it, whose plan shall hold.
 */
export function canGoOn(node: RadixNode<Run>, found: { node: RadixNode<Run>; numTokens: number }): boolean {
  if (found.numTokens > node.end && floorToBlock(found.numTokens) > node.end) return false
  for (const each of found.node.path()) {
    if (each === node) break
    if (each.start + each.value.numComputed < Math.min(each.end, found.numTokens)) return false
  }
  return true
}
