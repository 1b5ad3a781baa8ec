import { BLOCK_LEN, type BlockTable, blocksFor } from '../core/block'
import type { BlockPool } from './block-pool'

/**
 * The first block of a sequence that is still needed once its first `numTokens` tokens are computed: a later token sees
 * itself and the `window` - 1 before it. That none is given up within a block leaves room to go on where the block begins.
 */
export function firstNeeded(window: number, numTokens: number): number {
  return Math.max(0, Math.floor(numTokens / BLOCK_LEN) - blocksFor(window - 1))
}

/** Most blocks that `count` tokens see and fill, wherever they lie. */
export function blocksInSight(window: number, count: number): number {
  return blocksFor(window - 1) + blocksFor(count + BLOCK_LEN - 1)
}

/** Blocks that the table holds. */
export function heldBlocks({ blocks, numFreed }: BlockTable): number[] {
  return blocks.slice(numFreed)
}

/** The block in which the table ends; undefined if it is given up, or there is none. */
export function lastBlock({ blocks, numFreed }: BlockTable): number | undefined {
  return blocks.length > numFreed ? blocks[blocks.length - 1] : undefined
}

/** Gives up the first `count` blocks, at most all, as far as they are not yet. */
export function freeFirst(pool: BlockPool, table: BlockTable, count: number): void {
  const end = Math.min(count, table.blocks.length)
  for (; table.numFreed < end; table.numFreed++) pool.release(table.blocks[table.numFreed])
}

/** Cuts the table down to `length` blocks. */
export function truncate(pool: BlockPool, table: BlockTable, length: number): void {
  const rest = table.blocks.splice(length)
  for (const block of rest.slice(Math.max(0, table.numFreed - length)).reverse()) pool.release(block)
  table.numFreed = Math.min(table.numFreed, length)
}

/** Holds a block in the place of one that the table has, as the next one, or as the one before all that it holds. */
export function setBlock(pool: BlockPool, table: BlockTable, index: number, block: number): void {
  pool.share(block)
  if (index >= table.numFreed && index < table.blocks.length) pool.release(table.blocks[index])
  table.blocks[index] = block
  table.numFreed = Math.min(table.numFreed, index)
}
