import { describe, expect, test } from 'vitest'
import { blocksFor } from '../../src/core/block'
import { type AttentionLayout, planCapacity } from '../../src/kv/attention-layout'
import { AttentionPlanner, DIRECT, ITEM_FIELDS, MERGE_FIELDS, ROW_FIELDS } from '../../src/kv/attention-plan'
import type { Random } from '../support/random'
import { checkCapacity, checkPlan, records } from './check-plan'
import { forEachSeed, pick } from './for-each-seed'

const LAYOUT: AttentionLayout = { segmentTokens: 32, groupSize: 3, tiles: [4, 16, 64] }

function plannerFor(layout: AttentionLayout, tokenBudget = 128, contextLength = 512) {
  return new AttentionPlanner(layout, planCapacity({ layout, tokenBudget, contextLength }))
}

/** A chunk whose table is `firstBlock`, `firstBlock + 1`, … */
function chunk(start: number, count: number, firstBlock = 0) {
  const blockTable = Array.from({ length: blocksFor(start + count) }, (_, index) => firstBlock + index)
  return { start, count, blockTable }
}

describe('AttentionPlanner', () => {
  test('a row with one segment writes its output directly', () => {
    const plan = plannerFor(LAYOUT).plan([chunk(31, 1, 5)])
    expect(records(plan.items[0], ITEM_FIELDS)).toEqual([[0, 1, 0, 32, 0]])
    expect(records(plan.rows, ROW_FIELDS)).toEqual([[0, 31, DIRECT]])
    expect([...plan.blocks]).toEqual([5, 6])
    expect([plan.merges.length, plan.numPartialSlots]).toEqual([0, 0])
  })

  test('a row with several segments has a partial result for each, merged in key order', () => {
    const plan = plannerFor(LAYOUT).plan([chunk(0, 2, 9), chunk(64, 1)])
    expect(records(plan.items[0], ITEM_FIELDS)).toEqual([
      [2, 1, 1, 32, 0],
      [3, 1, 3, 32, 32],
      [4, 1, 5, 1, 64],
    ])
    expect(records(plan.items[1], ITEM_FIELDS)).toEqual([[0, 2, 0, 2, 0]])
    expect(records(plan.merges, MERGE_FIELDS)).toEqual([[2, 0, 3]])
    expect(plan.numPartialSlots).toBe(3)
  })

  test('rows of a chunk are cut where a segment ends, and at the largest tile', () => {
    const plan = plannerFor(LAYOUT).plan([chunk(20, 40)])
    const numRows = plan.items.flatMap(items => records(items, ITEM_FIELDS).map(([, count]) => count))
    // Positions 20 to 31 in one segment; 32 to 59 in two: 21 rows (63 vectors), then 7.
    expect(numRows.toSorted((a, b) => a - b)).toEqual([7, 7, 12, 21, 21])
  })

  test('the cuts of a row depend on its position only, never on the chunking', () => {
    const planner = plannerFor(LAYOUT)
    const cuts = (chunks: Parameters<typeof planner.plan>[0]) => {
      const plan = planner.plan(chunks)
      const all = plan.items.flatMap(items => records(items, ITEM_FIELDS))
      const rows = records(plan.rows, ROW_FIELDS)
      return all
        .flatMap(([first, count, , , key]) => rows.slice(first, first + count).map(([, position]) => [position, key]))
        .toSorted(([p, k], [q, l]) => p - q || k - l)
    }
    const whole = cuts([chunk(0, 100)])
    const pieces = [chunk(0, 7), chunk(7, 26), chunk(33, 31), chunk(64, 1), chunk(65, 35)]
    expect(pieces.flatMap(piece => cuts([piece]))).toEqual(whole)
    expect(cuts(pieces)).toEqual(whole)
  })

  test('the smallest tile that holds the rows is chosen', () => {
    const numItems = (numRows: number) =>
      plannerFor(LAYOUT)
        .plan([chunk(0, numRows)])
        .items.map(items => items.length / ITEM_FIELDS)
    expect(numItems(1)).toEqual([1, 0, 0])
    expect(numItems(5)).toEqual([0, 1, 0])
    expect(numItems(6)).toEqual([0, 0, 1])
  })

  test('no chunks make an empty plan', () => {
    const plan = plannerFor(LAYOUT).plan([])
    expect([plan.rows.length, plan.blocks.length, plan.merges.length, plan.numPartialSlots]).toEqual([0, 0, 0, 0])
  })

  test('a group that exceeds the largest tile is refused', () => {
    expect(() => plannerFor({ ...LAYOUT, groupSize: 65 })).toThrow(
      '65 query heads per KV head do not fit the tiles [4,16,64].',
    )
  })

  test('a tile too small for one row of the group is never used', () => {
    const layout = { ...LAYOUT, groupSize: 7 }
    expect(planCapacity({ layout, tokenBudget: 8, contextLength: 32 }).items).toEqual([0, 8, 2])
    expect(plannerFor(layout).plan([chunk(0, 1)]).items[1].length).toBe(ITEM_FIELDS)
  })

  test('a step beyond the capacity is refused, never cut off', () => {
    expect(() => plannerFor(LAYOUT, 4).plan([chunk(400, 5)])).toThrow('5 records in a list of 4.')
  })

  test('every plan is exactly the attention of its chunks, within the capacity (random)', () => {
    forEachSeed(100, random => {
      const layout = randomLayout(random)
      const tokenBudget = random.int(1, 97)
      const contextLength = random.int(1, 401)
      const capacity = planCapacity({ layout, tokenBudget, contextLength })
      const planner = new AttentionPlanner(layout, capacity)
      for (let step = 0; step < 3; step++) {
        const chunks = randomChunks(random, tokenBudget, contextLength)
        const plan = planner.plan(chunks)
        checkPlan(plan, chunks, layout)
        checkCapacity(plan, capacity)
      }
    })
  })

  test('the bounds on rows, slots and merges are reached', () => {
    const capacity = planCapacity({ layout: LAYOUT, tokenBudget: 32, contextLength: 128 })
    const plan = new AttentionPlanner(LAYOUT, capacity).plan([chunk(96, 32)])
    expect(plan.rows.length / ROW_FIELDS).toBe(capacity.rows)
    expect(plan.numPartialSlots).toBe(capacity.slots)
    expect(plan.merges.length / MERGE_FIELDS).toBe(capacity.merges)
  })
})

function randomLayout(random: Random): AttentionLayout {
  const tiles = pick(random, [[4, 16, 64], [8], [16, 64], [4, 8, 32]])
  return { segmentTokens: 16 * random.int(1, 7), groupSize: random.int(1, Math.max(...tiles) + 1), tiles }
}

/** At most `tokenBudget` tokens; tables of any block ids, since sequences may share blocks. */
function randomChunks(random: Random, tokenBudget: number, contextLength: number) {
  const chunks = []
  for (let room = tokenBudget; room > 0; ) {
    const count = Math.min(room, contextLength, random.next() < 0.5 ? 1 : random.int(1, 60))
    const start = random.int(0, contextLength - count + 1)
    const blockTable = Array.from({ length: blocksFor(start + count) }, () => random.int(0, 1000))
    chunks.push({ start, count, blockTable })
    room -= count
  }
  return chunks
}
