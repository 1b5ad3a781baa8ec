import { assert } from '../core/assert'
import { BLOCK_LEN, type BlockTable, blocksFor } from '../core/block'
import type { BlockPool } from './block-pool'
import { firstNeeded, freeFirst, lastBlock, setBlock, truncate } from './block-table'
import type { RadixNode } from './radix-tree'
import type { Scope } from './share'

/** A run of tokens as the cache knows it; whoever claims or locks a node does so for all above it. */
export interface Run {
  /** First tokens of it that are computed, or will be once the steps already submitted have run. */
  numComputed: number
  /**
   * [groups] The blocks of the computed tokens, at their offsets. The first may begin with tokens of the runs above, the
   * last go on with those of one run below; where a run begins inside a block, that block holds all the tokens above it
   * too. In a windowed group only those are held that whoever goes on after the last computed token sees.
   */
  readonly tables: readonly BlockTable[]
  /** Unfinished sequences that read the run or will. */
  claims: number
  /** Those of them that run. */
  locks: number
  /** When the last claim ended. */
  lastUsed: number
  /** The eviction queue has an entry for it. */
  isQueued: boolean
}

export function newRun(numGroups: number): Run {
  const tables = Array.from({ length: numGroups }, () => ({ blocks: [], numFreed: 0 }))
  return { numComputed: 0, tables, claims: 0, locks: 0, lastUsed: 0, isQueued: false }
}

/** Blocks that no run above lists too: where a run begins inside a block, that may be the block in which one above ends. */
export function numOwnBlocks({ value, start, parent }: RadixNode<Run>, group: number): number {
  const { blocks, numFreed } = value.tables[group]
  const numHeld = blocks.length - numFreed
  if (numHeld === 0 || numFreed > 0) return numHeld
  for (let above = parent; above && above.end > floorToBlock(start); above = above.parent) {
    if (lastBlock(above.value.tables[group]) === blocks[0]) return numHeld - 1
  }
  return numHeld
}

/**
 * The run, which begins at `start`, is computed up to `end`: its further blocks are those of a sequence, `tables`, which
 * begin at the first token.
 */
export function growRun(
  pools: readonly BlockPool[],
  run: Run,
  start: number,
  end: number,
  tables: readonly BlockTable[],
): void {
  const first = Math.floor(start / BLOCK_LEN)
  pools.forEach((pool, group) => {
    const table = run.tables[group]
    for (let at = Math.floor((start + run.numComputed) / BLOCK_LEN); at < blocksFor(end); at++) {
      setBlock(pool, table, at - first, tables[group].blocks[at])
    }
    freeFirst(pool, table, firstNeeded(pool.window, end) - first)
  })
  run.numComputed = end - start
}

/** The computed run gets the blocks of a sequence that computed it again, if that still has all that the run should have. */
export function replaceRun(pools: readonly BlockPool[], run: Run, start: number, tables: readonly BlockTable[]): void {
  const first = Math.floor(start / BLOCK_LEN)
  const needed = pools.map(({ window }) => Math.max(first, firstNeeded(window, start + run.numComputed)))
  if (tables.some(({ numFreed }, group) => numFreed > needed[group])) return
  pools.forEach((pool, group) => {
    const table = run.tables[group]
    for (let at = first + table.blocks.length - 1; at >= needed[group]; at--) {
      setBlock(pool, table, at - first, tables[group].blocks[at])
    }
  })
}

/** The run, which begins at `start`, loses its first `numTokens` tokens to a new run above, which is returned. */
export function splitRun(pools: readonly BlockPool[], run: Run, start: number, numTokens: number): Run {
  const upper = { ...newRun(pools.length), claims: run.claims, locks: run.locks, lastUsed: run.lastUsed }
  upper.numComputed = Math.min(run.numComputed, numTokens)
  const first = Math.floor(start / BLOCK_LEN)
  const middle = Math.floor((start + numTokens) / BLOCK_LEN) - first
  run.numComputed -= upper.numComputed
  run.tables.forEach((table, group) => {
    const { blocks, numFreed } = table
    const numUpper = upper.numComputed === 0 ? 0 : blocksFor(start + upper.numComputed) - first
    const upperTable = upper.tables[group]
    upperTable.blocks.push(...blocks.slice(0, numUpper))
    upperTable.numFreed = Math.min(numFreed, numUpper)
    blocks.splice(0, run.numComputed === 0 ? blocks.length : middle)
    table.numFreed = run.numComputed === 0 ? 0 : Math.max(0, numFreed - middle)
    // both need the block in which the run is split
    if (blocks.length > 0 && numUpper > middle && numFreed <= middle) pools[group].share(blocks[0])
  })
  return upper
}

/** Forgets the run's tokens from position `end` on. */
export function cutRun(pools: readonly BlockPool[], run: Run, start: number, end: number): void {
  const numKept = end === start ? 0 : blocksFor(end) - Math.floor(start / BLOCK_LEN)
  pools.forEach((pool, group) => {
    truncate(pool, run.tables[group], numKept)
  })
  run.numComputed = end - start
}

/** Asserts that a run's claims, locks and blocks agree, and with those of the run above. */
export function checkRun({ name }: Scope, { value, parent, numTokens, start, end }: RadixNode<Run>): void {
  const where = `The run of tokens ${start} to ${end} of scope '${name}'`
  const { numComputed, tables, claims, locks } = value
  const numBlocks = numComputed === 0 ? 0 : blocksFor(start + numComputed) - Math.floor(start / BLOCK_LEN)
  assert(numTokens > 0, `${where} has no tokens.`)
  for (const { blocks, numFreed } of tables) {
    assert(numComputed <= numTokens && blocks.length === numBlocks, `${where}: ${blocks} for ${numComputed} tokens.`)
    assert(numFreed <= numBlocks, `${where}: ${numFreed} of ${numBlocks} blocks are freed.`)
  }
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
