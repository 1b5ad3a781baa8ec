import { assert } from '../../src/core/assert'
import type { Chunk } from '../../src/core/batch'
import { BLOCK_LEN } from '../../src/core/block'
import type { AttentionLayout, PlanCapacity } from '../../src/kv/attention-layout'
import { type AttentionPlan, DIRECT, ITEM_FIELDS, MERGE_FIELDS, ROW_FIELDS } from '../../src/kv/attention-plan'

/**
 * Asserts that the plan computes exactly the attention of the chunks: each token meets each key up to its own position
 * once, in the block its table names; each slot is written once, with the token's segments in order; each token has
 * one direct result or one merge; every item fits its tile and no smaller one.
 */
export function checkPlan(
  plan: AttentionPlan,
  chunks: readonly Pick<Chunk, 'start' | 'count' | 'blockTable'>[],
  layout: AttentionLayout,
): void {
  const tokens = chunks.flatMap(({ start, count, blockTable }) =>
    Array.from({ length: count }, (_, index) => ({ position: start + index, blockTable })),
  )
  /** For each token, its results as [first key position, slot], in any order. */
  const results: [number, number][][] = tokens.map(() => [])
  const blockOfKey: Map<number, number>[] = tokens.map(() => new Map())

  plan.items.forEach((items, tile) => {
    for (const [firstRow, numRows, firstBlock, numKeys, firstKey] of records(items, ITEM_FIELDS)) {
      const vectors = numRows * layout.groupSize
      assert(numRows > 0 && vectors <= layout.tiles[tile], `${vectors} vectors in a tile of ${layout.tiles[tile]}`)
      assert(tile === 0 || vectors > layout.tiles[tile - 1], `${vectors} vectors would fit a smaller tile`)
      assert(firstKey % layout.segmentTokens === 0 && numKeys <= layout.segmentTokens, `keys ${firstKey} + ${numKeys}`)
      const itemRows = plan.rows.subarray(firstRow * ROW_FIELDS, (firstRow + numRows) * ROW_FIELDS)
      let numSeen = 0
      for (const [token, position, slot] of records(itemRows, ROW_FIELDS)) {
        assert(position === tokens[token].position, `token ${token} at ${position}, not ${tokens[token].position}`)
        results[token].push([firstKey, slot])
        const end = Math.min(firstKey + numKeys, position + 1)
        assert(end > firstKey, `token ${token} at ${position} sees nothing of the keys from ${firstKey}`)
        numSeen = Math.max(numSeen, end - firstKey)
        for (let key = firstKey; key < end; key++) {
          assert(!blockOfKey[token].has(key), `token ${token} meets key ${key} twice`)
          blockOfKey[token].set(key, plan.blocks[firstBlock + Math.floor((key - firstKey) / BLOCK_LEN)])
        }
      }
      assert(numSeen === numKeys, `an item reads ${numKeys} keys, its rows see ${numSeen}`)
    }
  })

  const merges = new Map(records(plan.merges, MERGE_FIELDS).map(([token, first, count]) => [token, { first, count }]))
  assert(merges.size * MERGE_FIELDS === plan.merges.length, 'a token is merged twice')
  const slots: number[] = []
  tokens.forEach(({ position, blockTable }, token) => {
    const keys = blockOfKey[token]
    assert(keys.size === position + 1, `token ${token} at ${position} meets ${keys.size} keys`)
    for (const [key, block] of keys) {
      const expected = blockTable[Math.floor(key / BLOCK_LEN)]
      assert(block === expected, `token ${token} reads key ${key} in block ${block}, not ${expected}`)
    }
    const own = results[token].toSorted(([a], [b]) => a - b).map(([, slot]) => slot)
    const merge = merges.get(token)
    if (!merge) {
      assert(own.length === 1 && own[0] === DIRECT, `token ${token} without a merge writes to slots ${own}`)
      return
    }
    assert(merge.count > 1, `token ${token} merges ${merge.count} result`)
    const expected = Array.from({ length: merge.count }, (_, index) => merge.first + index)
    assert(`${own}` === `${expected}`, `token ${token} writes to slots ${own} and merges ${expected}`)
    slots.push(...own)
  })
  assert(new Set(slots).size === slots.length && slots.length === plan.numPartialSlots, 'slots are not used once each')
}

/** Asserts that the plan's records fit the capacity. */
export function checkCapacity(plan: AttentionPlan, capacity: PlanCapacity): void {
  plan.items.forEach((items, tile) => {
    assert(items.length / ITEM_FIELDS <= capacity.items[tile], `${items.length / ITEM_FIELDS} items for tile ${tile}`)
  })
  assert(plan.rows.length / ROW_FIELDS <= capacity.rows, `${plan.rows.length / ROW_FIELDS} rows`)
  assert(plan.blocks.length <= capacity.blocks, `${plan.blocks.length} blocks`)
  assert(plan.merges.length / MERGE_FIELDS <= capacity.merges, `${plan.merges.length / MERGE_FIELDS} merges`)
  assert(plan.numPartialSlots <= capacity.slots, `${plan.numPartialSlots} slots`)
}

/** The records of a flat array. */
export function records(values: Uint32Array, numFields: number): number[][] {
  return Array.from({ length: values.length / numFields }, (_, index) =>
    Array.from(values.subarray(index * numFields, (index + 1) * numFields)),
  )
}
