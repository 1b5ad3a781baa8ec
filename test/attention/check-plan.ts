import type { AttentionChunk } from '../../src/attention/forest'
import type { AttentionLayout, PlanCapacity } from '../../src/attention/layout'
import { type AttentionPlan, DIRECT, ITEM_FIELDS, MERGE_FIELDS, ROW_FIELDS } from '../../src/attention/plan'
import { assert } from '../../src/core/assert'
import { BLOCK_LEN } from '../../src/core/block'

/**
 * Asserts that the plan computes exactly the attention of the chunks: each token meets each key up to its own position
 * once, but for segments out of sight, in the block its table names; each slot is written once, with the token's keys in
 * order; each token has one direct result or one merge; an item begins with the first segment that its tokens see or is a
 * segment; it fits its tile and no smaller one. `holdsSame`: whether another block will do for the tokens [first, end) of it.
 */
export function checkPlan(
  plan: AttentionPlan,
  chunks: readonly AttentionChunk[],
  layout: AttentionLayout,
  window = Number.POSITIVE_INFINITY,
  holdsSame = (_block: number, _expected: number, _first: number, _end: number) => false,
): void {
  const firstSeen = (position: number) => Math.max(0, position - window + 1)
  const firstMet = (position: number) => firstSeen(position) - (firstSeen(position) % layout.segmentTokens)
  const tokens = chunks.flatMap(({ start, count, blockTable }) =>
    Array.from({ length: count }, (_, index) => ({ position: start + index, blockTable })),
  )
  /** For each token, the keys [firstKey, endKey) that it meets in an item, and where they and the result are. */
  const parts: { firstKey: number; endKey: number; firstBlock: number; slot: number }[][] = tokens.map(() => [])
  let numKeysRead = 0
  plan.items.forEach((items, tile) => {
    for (const [firstRow, numRows, firstBlock, numKeys, firstKey] of records(items, ITEM_FIELDS)) {
      const vectors = numRows * layout.groupSize
      assert(
        numRows > 0 && vectors <= layout.tiles[tile],
        () => `${vectors} vectors in a tile of ${layout.tiles[tile]}`,
      )
      assert(tile === 0 || vectors > layout.tiles[tile - 1], () => `${vectors} vectors would fit a smaller tile`)
      const isSegment = firstKey % layout.segmentTokens === 0 && numKeys <= layout.segmentTokens
      const itemRows = plan.rows.subarray(firstRow * ROW_FIELDS, (firstRow + numRows) * ROW_FIELDS)
      let lastKey = 0
      for (const [token, position, slot] of records(itemRows, ROW_FIELDS)) {
        assert(
          position === tokens[token].position,
          () => `token ${token} at ${position}, not ${tokens[token].position}`,
        )
        const isAllowed = firstKey === firstMet(position) || (isSegment && firstKey > firstMet(position))
        assert(isAllowed, () => `an item of ${numKeys} keys from ${firstKey} on, for token ${token} at ${position}`)
        const endKey = Math.min(firstKey + numKeys, position + 1)
        assert(endKey > firstKey, () => `token ${token} at ${position} sees nothing of the keys from ${firstKey}`)
        parts[token].push({ firstKey, endKey, firstBlock, slot })
        lastKey = Math.max(lastKey, endKey - 1)
      }
      assert(
        lastKey === firstKey + numKeys - 1,
        () => `an item reads ${numKeys} keys, its rows see those to ${lastKey}`,
      )
      numKeysRead += numKeys
    }
  })
  assert(plan.numKeysRead === numKeysRead, () => `${plan.numKeysRead} keys read, but the items have ${numKeysRead}`)

  const merges = new Map(records(plan.merges, MERGE_FIELDS).map(([token, first, count]) => [token, { first, count }]))
  assert(merges.size * MERGE_FIELDS === plan.merges.length, 'a token is merged twice')
  const slots: number[] = []
  tokens.forEach(({ position, blockTable }, token) => {
    const inOrder = parts[token].toSorted((a, b) => a.firstKey - b.firstKey)
    let numMet = firstMet(position)
    for (const { firstKey, endKey, firstBlock } of inOrder) {
      assert(firstKey === numMet, `token ${token} meets the keys to ${numMet} and then those from ${firstKey}`)
      for (let key = firstKey; key < endKey; key += BLOCK_LEN) {
        if (key + BLOCK_LEN <= firstSeen(position)) continue
        const block = plan.blocks[firstBlock + (key - firstKey) / BLOCK_LEN]
        const expected = blockTable[key / BLOCK_LEN]
        const [first, end] = [Math.max(key, firstSeen(position)) - key, Math.min(endKey - key, BLOCK_LEN)]
        const isRight = block === expected || holdsSame(block, expected, first, end)
        assert(isRight, () => `token ${token} reads key ${key} in block ${block}, not ${expected}`)
      }
      numMet = endKey
    }
    assert(numMet === position + 1, () => `token ${token} at ${position} meets ${numMet} keys`)
    const own = inOrder.map(({ slot }) => slot)
    const merge = merges.get(token)
    if (!merge) {
      assert(own.length === 1 && own[0] === DIRECT, () => `token ${token} without a merge writes to slots ${own}`)
      return
    }
    assert(merge.count > 1, () => `token ${token} merges ${merge.count} result`)
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
  assert(plan.rows.length / ROW_FIELDS <= capacity.rows, () => `${plan.rows.length / ROW_FIELDS} rows`)
  assert(plan.blocks.length <= capacity.blocks, () => `${plan.blocks.length} blocks`)
  assert(plan.merges.length / MERGE_FIELDS <= capacity.merges, () => `${plan.merges.length / MERGE_FIELDS} merges`)
  assert(plan.numPartialSlots <= capacity.slots, () => `${plan.numPartialSlots} slots`)
}

/** The records of a flat array. */
export function records(values: Uint32Array, numFields: number): number[][] {
  return Array.from({ length: values.length / numFields }, (_, index) =>
    Array.from(values.subarray(index * numFields, (index + 1) * numFields)),
  )
}
