import { BLOCK_LEN } from '../core/block'
import { COPY_FIELDS } from '../kernels/copy-kv'
import { DRAW_ROW_FIELDS } from '../kernels/draw-row'
import { EDIT_WORDS } from '../kernels/edit-logits'
import type { PlanCapacity } from '../kv/attention-layout'
import { ITEM_FIELDS, MERGE_FIELDS, ROW_FIELDS } from '../kv/attention-plan'
import { MAX_LOGIT_BIAS } from './sampling-params'

/** Words of a parameter block, alignment included, and how many different ones a step can have. */
const PARAMS_WORDS = 64 * 256

/** 12 MiB of edits: sequences that share blocks may hold more tokens together than the KV cache. */
const SHARED_HISTORY = 2 ** 20

/**
 * Tokens that the sequences with penalties in a step may hold together, since each edits logits: as many as the cache, or
 * somewhat more for small caches that are shared a lot. At least those of one sequence.
 */
export function historyTokens({ tokenBudget, numBlocks, contextLength }: ArenaSizes): number {
  return Math.min(tokenBudget * contextLength, Math.max(numBlocks * BLOCK_LEN, SHARED_HISTORY))
}

export interface ArenaSizes {
  readonly tokenBudget: number
  readonly numBlocks: number
  readonly contextLength: number
}

/** 4-byte words that a step's arena must hold at most. */
export function arenaWords(capacity: PlanCapacity, sizes: ArenaSizes): number {
  const { tokenBudget } = sizes
  const items = capacity.items.reduce((sum, count) => sum + count, 0)
  const plan = items * ITEM_FIELDS + capacity.rows * ROW_FIELDS + capacity.blocks + capacity.merges * MERGE_FIELDS
  // per token: id, position, destination, row to draw from; per draw its record
  const tokens = tokenBudget * (4 + DRAW_ROW_FIELDS.length)
  const copies = tokenBudget * (BLOCK_LEN - 1) * COPY_FIELDS
  const edits = (historyTokens(sizes) + tokenBudget * MAX_LOGIT_BIAS) * EDIT_WORDS
  return plan + tokens + copies + edits + PARAMS_WORDS
}
