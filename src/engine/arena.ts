import { DRAW_ROW_FIELDS } from '../kernels/draw-row'
import type { PlanCapacity } from '../kv/attention-layout'
import { ITEM_FIELDS, MERGE_FIELDS, ROW_FIELDS } from '../kv/attention-plan'

/** Words of a parameter block, alignment included, and how many different ones a step can have. */
const PARAMS_WORDS = 64 * 256
/** Words of one edit of a logit. */
const EDIT_WORDS = 4
/** Edits of logits that a step has room for beyond one row's most. */
const SHARED_EDITS = 65536

/** 4-byte words that a step's arena must hold at most. */
export function arenaWords(
  capacity: PlanCapacity,
  sizes: { readonly tokenBudget: number; readonly contextLength: number; readonly vocabSize: number },
): number {
  const { tokenBudget, contextLength, vocabSize } = sizes
  const items = capacity.items.reduce((sum, count) => sum + count, 0)
  const plan = items * ITEM_FIELDS + capacity.rows * ROW_FIELDS + capacity.blocks + capacity.merges * MERGE_FIELDS
  // per token: id, position, destination, row to draw from; per draw its record
  const tokens = tokenBudget * (4 + DRAW_ROW_FIELDS.length)
  const edits = (Math.min(vocabSize, contextLength) + SHARED_EDITS) * EDIT_WORDS
  return plan + tokens + edits + PARAMS_WORDS
}
