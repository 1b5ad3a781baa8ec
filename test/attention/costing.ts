/** What plans cost, told by their cuts alone or by their records: the oracle for the choice of cuts. */

import type { AttentionCost } from '../../src/attention/cost'
import type { AttentionChunk } from '../../src/attention/forest'
import { type AttentionPlan, ITEM_FIELDS } from '../../src/attention/plan'
import { BLOCK_LEN } from '../../src/core/block'
import { records } from './check-plan'

/** Cost of a plan's items and states. */
export function planCost(plan: AttentionPlan, cost: AttentionCost): number {
  const items = plan.items.flatMap(list => records(list, ITEM_FIELDS))
  const sum = items.reduce((total, [, numRows, , numKeys]) => total + cost.item(numRows, numKeys), 0)
  return sum + cost.states(plan.numPartialSlots, cost.costs.state)
}

/** Cost of the plan in which chunk i is cut after `cuts[i]` segments: rows go together whenever they can. */
export function costOfCuts(chunks: readonly AttentionChunk[], cuts: readonly number[], cost: AttentionCost): number {
  const { segmentTokens } = cost.layout
  /** Of each set of rows that read the same keys: for each row how many. */
  const readers = new Map<string, number[]>()
  let numStates = 0
  chunks.forEach(({ start, count, blockTable }, index) => {
    const add = (kind: string, firstKey: number, endKey: number, position: number) => {
      const reader = endKey <= start ? blockTable[endKey / BLOCK_LEN - 1] : `chunk ${index}`
      const key = `${kind} ${firstKey} ${endKey} ${reader}`
      readers.set(key, [...(readers.get(key) ?? []), Math.min(position + 1, endKey) - firstKey])
    }
    const cutKey = cuts[index] * segmentTokens
    for (let position = start; position < start + count; position++) {
      add('head', 0, cutKey, position)
      for (let key = cutKey; key <= position; key += segmentTokens) add('later', key, key + segmentTokens, position)
      if (position >= cutKey) numStates += 1 + Math.ceil((position + 1 - cutKey) / segmentTokens)
    }
  })
  let sum = cost.states(numStates, cost.costs.state)
  for (const numKeys of readers.values()) {
    for (let row = 0; row < numKeys.length; row += cost.maxRows) {
      const item = numKeys.slice(row, row + cost.maxRows)
      sum += cost.item(item.length, Math.max(...item))
    }
  }
  return sum
}

/** Every way to choose one of each. */
export function* combinations<T>(choices: readonly (readonly T[])[]): Generator<T[]> {
  if (choices.length === 0) yield []
  else for (const rest of combinations(choices.slice(1))) for (const first of choices[0]) yield [first, ...rest]
}
