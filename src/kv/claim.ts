import { BLOCK_LEN } from '../core/block'
import { floorToBlock, type Run, topDown } from './prefix-run'
import type { RadixNode } from './radix-tree'

/**
 * What a prompt may take from, and leave for, others: its first `numTokens` tokens, among those of the same `group`. Less
 * than the prompt's length: its last token must be computed for its logits.
 */
export interface Share {
  readonly group: number
  readonly numTokens: number
}

/** A sequence's hold on the beginning of its tokens. */
export interface Claim {
  readonly group: number
  /** Ends where the claimed tokens end. */
  node: RadixNode<Run>
  isLocked: boolean
  /** Tokens that are published; Infinity once another's blocks are where the next would go. */
  numPublished: number
}

/** What exists already of a sequence's tokens: its first `numTokens`. */
export interface Taken {
  readonly numTokens: number
  /** [floor(numTokens / BLOCK_LEN)] The full blocks, to be shared. */
  readonly blocks: readonly number[]
  /** [numTokens % BLOCK_LEN] The block that each of the last tokens is in, at its offset; to be copied. */
  readonly tail: readonly number[]
}

/** What exists already of the tokens that are claimed. */
export function takenBy({ node }: Claim): Taken {
  const blocks: number[] = []
  const tail: number[] = []
  let numTokens = 0
  for (const { value, start, end } of topDown(node)) {
    blocks.splice(Math.floor(start / BLOCK_LEN), 1, ...value.blocks)
    numTokens = start + value.numComputed
    // of a run that is not complete only full blocks: another may go on in the last
    if (numTokens < end) numTokens = Math.max(start, floorToBlock(numTokens))
    const tailStart = floorToBlock(numTokens)
    const last = blocks[tailStart / BLOCK_LEN]
    // tokens of the runs above are taken from where they were computed, not from a copy that may be made only now
    tail.splice(Math.max(0, start - tailStart))
    while (tailStart + tail.length < numTokens) tail.push(last)
    if (numTokens < end) break
  }
  blocks.splice(Math.floor(numTokens / BLOCK_LEN))
  return { numTokens, blocks, tail }
}

/** How many blocks of the table have other claims as well: its first ones. */
export function numSharedBlocks({ node }: Claim, blockTable: readonly number[]): number {
  const shared = [...node.path()].find(({ value }) => value.claims > 1)
  if (!shared) return 0
  const { value, end, numTokens } = shared
  const numFull = Math.floor(end / BLOCK_LEN)
  // the block in which the run ends is that of the sequence that computes it
  const isOurs = value.numComputed < numTokens || blockTable[numFull] === value.blocks.at(-1)
  return end % BLOCK_LEN > 0 && isOurs ? numFull + 1 : numFull
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
