import { assert } from '../core/assert'
import { BLOCK_LEN, blocksFor } from '../core/block'

/** How attention is cut into work. Constant for an engine: changing it changes the order of reduction. */
export interface AttentionLayout {
  /** Keys are cut at multiples of this position; a multiple of BLOCK_LEN. */
  readonly segmentTokens: number
  /** Query heads per KV head. Each is a query vector of its own, so a row counts `groupSize` times in a tile. */
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

/**
 * Upper bounds for any step of at most `tokenBudget` tokens (T) of sequences of at most `contextLength` tokens, which have
 * at most S = ceil(contextLength / segmentTokens) segments. Tight but for `items` and `blocks`.
 * - rows: a token has one in each of its segments: T S.
 * - slots: the same, but rows with a single segment use none: T S, or 0 if S = 1. Merges: one a token, or 0.
 * - items: an item takes the smallest tile that fits, so with tile i it has more rows than fit in tile i - 1, m at least;
 *   items share no rows: floor(T S / m).
 * - blocks: a step has at most T chunks, each with at most one sequence's blocks.
 */
export function planCapacity(options: {
  readonly layout: AttentionLayout
  readonly tokenBudget: number
  readonly contextLength: number
}): PlanCapacity {
  const { layout, tokenBudget, contextLength } = options
  const numSegments = Math.ceil(contextLength / layout.segmentTokens)
  const rows = tokenBudget * numSegments
  const tileRows = rowsPerTile(layout)
  return {
    items: tileRows.map((most, index) => {
      const least = 1 + (index === 0 ? 0 : tileRows[index - 1])
      return least > most ? 0 : Math.floor(rows / least)
    }),
    rows,
    blocks: tokenBudget * blocksFor(contextLength),
    merges: numSegments === 1 ? 0 : tokenBudget,
    slots: numSegments === 1 ? 0 : rows,
  }
}
