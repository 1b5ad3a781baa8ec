import { assert } from '../core/assert'
import { BLOCK_LEN, blocksFor } from '../core/block'
import type { RadixNode } from './radix-tree'

/** What the cache knows of a run of tokens; whoever claims or locks a node does so for all above it. */
export interface Run {
  /** Of its first tokens: computed, or computed once the steps already submitted have run. */
  numComputed: number
  /**
   * Those that hold the computed tokens, at their offsets. The first may begin with tokens of the runs above, the last go
   * on with those of one run below; where a run begins inside a block, that block holds all the tokens above it too.
   */
  blocks: number[]
  /** Unfinished sequences that read the run or will. */
  claims: number
  /** Those of them that run. */
  locks: number
  /** When the last claim ended. */
  lastUsed: number
  /** The eviction queue has an entry for it. */
  isQueued: boolean
}

export function newRun(): Run {
  return { numComputed: 0, blocks: [], claims: 0, locks: 0, lastUsed: 0, isQueued: false }
}

/** Blocks that no run above lists too: where a run begins inside a block, that may be the block in which one above ends. */
export function numOwnBlocks({ value, start, parent }: RadixNode<Run>): number {
  const { blocks } = value
  const blockStart = start - (start % BLOCK_LEN)
  for (let above = parent; above && above.end > blockStart; above = above.parent) {
    if (blocks.length > 0 && above.value.blocks.at(-1) === blocks[0]) return blocks.length - 1
  }
  return blocks.length
}

/** Asserts that a run's claims, locks and blocks agree, and with those of the run above. */
export function checkRun(
  group: number,
  { value, parent, numTokens, start, end }: RadixNode<Run>,
  granule: number,
): void {
  const where = `The run of tokens ${start} to ${end} of group ${group}`
  const { numComputed, blocks, claims, locks } = value
  const numBlocks = numComputed === 0 ? 0 : blocksFor(start + numComputed) - Math.floor(start / BLOCK_LEN)
  assert(numTokens > 0 && numTokens % granule === 0, `${where} is not made of ${granule} tokens at a time.`)
  assert(numComputed <= numTokens && blocks.length === numBlocks, `${where}: ${blocks} for ${numComputed} tokens.`)
  assert(locks >= 0 && locks <= claims, `${where} has ${locks} locks and ${claims} claims.`)
  assert(claims > 0 || numComputed === numTokens, `${where} is a ghost.`)
  if (!parent?.parent) return
  const above = parent.value
  assert(above.claims >= claims && above.locks >= locks, `${where} is claimed or locked more than what is above.`)
  const isAboveWhole = above.numComputed === parent.numTokens
  assert(numComputed === 0 || isAboveWhole, `${where} is computed, but what is above lacks tokens.`)
}

export function floorToBlock(numTokens: number): number {
  return numTokens - (numTokens % BLOCK_LEN)
}

/** The nodes from below the root to this one. */
export function topDown(node: RadixNode<Run>): RadixNode<Run>[] {
  return [...node.path()].reverse()
}
