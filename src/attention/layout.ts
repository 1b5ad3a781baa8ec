import { assert } from '../core/assert'
import { BLOCK_LEN, blocksFor } from '../core/block'

/**
 * States of rows in parts, per token of the budget. More would allow more sharing and splitting where contexts are long,
 * but each takes numHeads · (headDim + 2) floats.
 */
const SLOTS_PER_TOKEN = 8

/** How attention is cut into work. Constant for an engine: changing `segmentTokens` changes the order of reduction. */
export interface AttentionLayout {
  /** Keys are cut at multiples of this position; a multiple of BLOCK_LEN. */
  readonly segmentTokens: number
  /** Query heads of an item, all of one KV head. Each is a query vector, so a row counts `groupSize` times in a tile. */
  readonly groupSize: number
  /** Query vectors that each shape of the kernel holds, ascending. */
  readonly tiles: readonly number[]
}

/** Asserts that the layout can plan any batch. */
export function checkLayout({ segmentTokens, groupSize, tiles }: AttentionLayout): void {
  assert(
    segmentTokens > 0 && segmentTokens % BLOCK_LEN === 0,
    `Segments of ${segmentTokens} tokens are not whole blocks of ${BLOCK_LEN}.`,
  )
  assert(
    tiles.length > 0 && tiles.every((tile, index) => index === 0 || tile > tiles[index - 1]),
    `The tiles [${tiles}] do not ascend.`,
  )
  assert(
    groupSize >= 1 && groupSize <= tiles[tiles.length - 1],
    `${groupSize} query heads per KV head do not fit the tiles [${tiles}].`,
  )
}

/** Rows that fit in each tile; 0: the tile is too small for this group size and never used. */
export function rowsPerTile({ groupSize, tiles }: AttentionLayout): number[] {
  return tiles.map(tile => Math.floor(tile / groupSize))
}

/** Most that a step's plan can hold, in records. */
export interface PlanCapacity {
  /** For each tile. */
  readonly items: readonly number[]
  readonly rows: number
  readonly blocks: number
  readonly merges: number
  readonly slots: number
}

/** The sequences of an engine: at most `tokenBudget` tokens in a step, and `contextLength` in a sequence. */
export interface PlanLimits {
  readonly tokenBudget: number
  readonly contextLength: number
}

/** States that a step may write. A row has at most one per segment, and none if there is but one. */
export function maxSlots(segmentTokens: number, { tokenBudget, contextLength }: PlanLimits): number {
  const numSegments = Math.ceil(contextLength / segmentTokens)
  return numSegments === 1 ? 0 : tokenBudget * Math.min(numSegments, SLOTS_PER_TOKEN)
}

/**
 * Upper bounds for any step; T is the token budget. Tight but for `items` and `blocks`.
 * - slots: a choice, which the planner keeps to (`maxSlots`).
 * - rows: a row with one item needs no slot, one with several needs as many as it has items. The most there can be
 *   are all slots taken, by as few rows as possible, and the others with one item each.
 * - merges: one a token, or none without slots.
 * - items: an item takes the smallest tile that fits, so with tile i it has more rows than fit in tile i - 1, m at least;
 *   items share no rows: floor(rows / m).
 * - blocks: a step has at most T chunks, each pays at most once for each of its blocks, however many read them.
 */
export function planCapacity({ layout, ...limits }: PlanLimits & { readonly layout: AttentionLayout }): PlanCapacity {
  const { tokenBudget, contextLength } = limits
  const slots = maxSlots(layout.segmentTokens, limits)
  const rows = slots + tokenBudget - Math.ceil(slots / Math.ceil(contextLength / layout.segmentTokens))
  const tileRows = rowsPerTile(layout)
  return {
    items: tileRows.map((most, index) => {
      const least = 1 + (index === 0 ? 0 : tileRows[index - 1])
      return least > most ? 0 : Math.floor(rows / least)
    }),
    rows,
    blocks: tokenBudget * blocksFor(contextLength),
    merges: slots === 0 ? 0 : tokenBudget,
    slots,
  }
}
