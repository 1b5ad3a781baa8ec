import { BLOCK_LEN } from '../core/block'
import { DRAW_ROW_FIELDS } from '../kernels/draw-row'
import { EDIT_WORDS } from '../kernels/edit-logits'
import type { PlanCapacity } from '../kv/attention-layout'
import { ITEM_FIELDS, MERGE_FIELDS, ROW_FIELDS } from '../kv/attention-plan'
import { MAX_LOGIT_BIAS } from './sampling-params'

/** Words of a parameter block, alignment included, and how many different ones a step can have. */
const PARAMS_WORDS = 64 * 256

/** 4-byte words that a step's arena must hold at most. */
export function arenaWords(
  capacity: PlanCapacity,
  { tokenBudget, numBlocks }: { readonly tokenBudget: number; readonly numBlocks: number },
): number {
  const items = capacity.items.reduce((sum, count) => sum + count, 0)
  const plan = items * ITEM_FIELDS + capacity.rows * ROW_FIELDS + capacity.blocks + capacity.merges * MERGE_FIELDS
  // per token: id, position, destination, row to draw from; per draw its record
  const tokens = tokenBudget * (4 + DRAW_ROW_FIELDS.length)
  // penalties edit the logits of tokens that the sequences hold, and those fit the KV cache but for one new token each
  const edits = (numBlocks * BLOCK_LEN + tokenBudget * (1 + MAX_LOGIT_BIAS)) * EDIT_WORDS
  return plan + tokens + edits + PARAMS_WORDS
}
