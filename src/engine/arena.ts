import type { PlanCapacity } from '../attention/layout'
import { ITEM_FIELDS, MERGE_FIELDS, ROW_FIELDS } from '../attention/plan'
import { BLOCK_LEN } from '../core/block'
import { MAX_SCORED } from '../core/reads'
import { COPY_FIELDS } from '../kernels/copy-kv'
import { DRAW_ROW_FIELDS } from '../kernels/draw-row'
import { EDIT_WORDS } from '../kernels/edit-logits'
import { MAX_LOGIT_BIAS } from './sampling-params'

/** Words of a parameter block, alignment included, and how many different ones a step can have. */
const PARAMS_WORDS = 64 * 256

/** 12 MiB of edits: sequences that share blocks may hold more tokens together than the KV cache. */
const SHARED_HISTORY = 2 ** 20

/**
 * Tokens that the sequences with penalties in a step may hold together, since each edits logits: as many as the cache, or
 * somewhat more for small caches that are shared a lot. At least those of one sequence.
 */
export function historyTokens({ tokenBudget, numBlocks, contextLength }: Omit<ArenaSizes, 'vocabSize'>): number {
  return Math.min(tokenBudget * contextLength, Math.max(numBlocks * BLOCK_LEN, SHARED_HISTORY))
}

export interface ArenaSizes {
  readonly tokenBudget: number
  readonly numBlocks: number
  readonly contextLength: number
  readonly vocabSize: number
}

/** 4-byte words that a step's arena must hold at most; one plan for each KV group. */
export function arenaWords(capacities: readonly PlanCapacity[], sizes: ArenaSizes): number {
  const { tokenBudget } = sizes
  const plans = capacities.map(({ items, rows, blocks, merges }) => {
    const numItems = items.reduce((sum, count) => sum + count, 0)
    return numItems * ITEM_FIELDS + rows * ROW_FIELDS + blocks + merges * MERGE_FIELDS
  })
  // per token: id, position, row to draw from; per draw its record, its mask and its list of scored tokens
  const tokens = tokenBudget * (3 + DRAW_ROW_FIELDS.length + Math.ceil(sizes.vocabSize / 32) + 2 + MAX_SCORED)
  // per token and group: destination, and copies
  const perGroup = tokenBudget * (1 + (BLOCK_LEN - 1) * COPY_FIELDS)
  const groups = plans.reduce((sum, words) => sum + words + perGroup, 0)
  const edits = (historyTokens(sizes) + tokenBudget * MAX_LOGIT_BIAS) * EDIT_WORDS
  return groups + tokens + edits + PARAMS_WORDS
}
