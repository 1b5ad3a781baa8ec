import { describe, expect, test } from 'vitest'
import { AttentionCost, DEFAULT_COSTS } from '../../src/attention/cost'
import type { AttentionChunk } from '../../src/attention/forest'
import { type AttentionLayout, planCapacity } from '../../src/attention/layout'
import {
  AttentionPlanner,
  DIRECT,
  ITEM_FIELDS,
  MERGE_FIELDS,
  type PlannerOptions,
  ROW_FIELDS,
} from '../../src/attention/plan'
import { keysInSight } from '../../src/attention/window'
import { BLOCK_LEN, blocksFor } from '../../src/core/block'
import { firstNeeded } from '../../src/kv/block-table'
import { forEachSeed, pick } from '../support/for-each-seed'
import { checkCapacity, checkPlan, records } from './check-plan'
import { Blocks, chunkAfter, group, randomChunks, randomLayout } from './chunks'
import { costOfCuts, planCost } from './costing'

const LAYOUT: AttentionLayout = { segmentTokens: 32, groupSize: 3, tiles: [4, 16, 64] }
const MODES = ['shared', 'split', 'flat'] as const

function plannerFor(layout: AttentionLayout, options: PlannerOptions = { wantedItems: 1 }, limits = {}) {
  const capacity = planCapacity({ layout, tokenBudget: 128, contextLength: 4096, ...limits })
  return new AttentionPlanner(layout, capacity, options)
}

/** A chunk whose table is `firstBlock`, `firstBlock + 1`, … */
function chunk(start: number, count: number, firstBlock = 0): AttentionChunk {
  const blockTable = Array.from({ length: blocksFor(start + count) }, (_, index) => firstBlock + index)
  return { start, count, blockTable }
}

function itemsOf(plan: { readonly items: readonly Uint32Array[] }): number[][] {
  return plan.items.flatMap(items => records(items, ITEM_FIELDS))
}

describe('AttentionPlanner', () => {
  test('a row with one item writes its output directly', () => {
    const plan = plannerFor(LAYOUT).plan([chunk(40, 1, 5)])
    expect(records(plan.items[0], ITEM_FIELDS)).toEqual([[0, 1, 0, 41, 0]])
    expect(records(plan.rows, ROW_FIELDS)).toEqual([[0, 40, DIRECT]])
    expect([...plan.blocks]).toEqual([5, 6, 7])
    expect([plan.merges.length, plan.numPartialSlots, plan.numKeysRead]).toEqual([0, 0, 41])
  })

  test('where more items are wanted, a row has a state for each, merged in key order', () => {
    const plan = plannerFor(LAYOUT, { wantedItems: 100 }).plan([chunk(0, 2, 9), chunk(64, 1)])
    expect(records(plan.items[0], ITEM_FIELDS)).toEqual([
      [2, 1, 1, 32, 0],
      [3, 1, 3, 32, 32],
      [4, 1, 5, 1, 64],
    ])
    expect(records(plan.items[1], ITEM_FIELDS)).toEqual([[0, 2, 0, 2, 0]])
    expect(records(plan.merges, MERGE_FIELDS)).toEqual([[2, 0, 3]])
    expect(plan.numPartialSlots).toBe(3)
  })

  test('decodes that share a prefix read it in one item, and name its blocks once', () => {
    const plan = plannerFor(LAYOUT).plan(group(5, 320, 7))
    expect(itemsOf(plan).map(([, numRows, , numKeys, key]) => [numRows, numKeys, key])).toEqual([
      ...Array.from({ length: 5 }, () => [1, 7, 320]),
      [5, 320, 0],
    ])
    expect(records(plan.merges, MERGE_FIELDS)).toEqual([0, 1, 2, 3, 4].map(token => [token, 2 * token, 2]))
    expect(plan.blocks.length).toBe(20 + 5)
    expect(plan.numKeysRead).toBe(320 + 5 * 7)
  })

  test('members of a group need not be neighbours in the batch, and keep their place in it', () => {
    const blocks = new Blocks()
    const [a, b, alone] = [group(2, 320, 9, blocks), group(2, 320, 9, blocks), chunkAfter(blocks, [], 17, 3)]
    const chunks = [a[0], b[0], alone, b[1], a[1]]
    const plan = plannerFor(LAYOUT).plan(chunks)
    checkPlan(plan, chunks, LAYOUT)
    const rows = records(plan.rows, ROW_FIELDS)
    const shared = itemsOf(plan).filter(([, numRows, , numKeys]) => numRows === 2 && numKeys === 320)
    const tokens = shared.map(([first]) => rows.slice(first, first + 2).map(([token]) => token))
    expect(tokens.toSorted()).toEqual([
      [0, 6],
      [1, 5],
    ])
  })

  test('levels are read once each: a prompt that all have, then those of groups', () => {
    const blocks = new Blocks()
    const prompt = blocks.take(20)
    const chunks = [0, 1].flatMap(() => {
      const shared = [...prompt, ...blocks.take(4)]
      return Array.from({ length: 4 }, () => chunkAfter(blocks, shared, 24 * BLOCK_LEN, 1))
    })
    const plan = plannerFor(LAYOUT, { mode: 'split', wantedItems: 1 }).plan(chunks)
    checkPlan(plan, chunks, LAYOUT)
    expect(plan.numKeysRead).toBe(320 + 2 * 64 + 8)
    expect(plan.blocks.length).toBe(20 + 2 * 4 + 8)
  })

  test('a chunk is cut at the largest tile', () => {
    const plan = plannerFor(LAYOUT).plan([chunk(20, 50)])
    expect(itemsOf(plan).map(([, numRows, , numKeys]) => [numRows, numKeys])).toEqual([
      [21, 41],
      [21, 62],
      [8, 70],
    ])
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

  test('no chunks make an empty plan, and so does mode skip', () => {
    for (const plan of [
      plannerFor(LAYOUT).plan([]),
      plannerFor(LAYOUT, { mode: 'skip' }).plan([chunk(0, 9), ...group(3, 64, 2)]),
    ]) {
      expect([plan.rows.length, plan.blocks.length, plan.merges.length, plan.numPartialSlots]).toEqual([0, 0, 0, 0])
      expect([itemsOf(plan).length, plan.numKeysRead]).toEqual([0, 0])
    }
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
    const planner = plannerFor(LAYOUT, {}, { tokenBudget: 4, contextLength: 32 })
    expect(() => planner.plan([chunk(0, 5)])).toThrow('5 records in a list of 4.')
  })

  test('every plan is exactly the attention of its chunks, within the capacity, in every mode (random)', () => {
    forEachSeed(100, random => {
      const layout = randomLayout(random)
      const limits = {
        tokenBudget: random.int(1, 150),
        contextLength: random.int(1, pick(random, [100, 400, 400, 3000])),
      }
      const capacity = planCapacity({ layout, ...limits })
      const wantedItems = 2 ** random.int(0, 14)
      const planners = MODES.map(mode => new AttentionPlanner(layout, capacity, { mode, wantedItems }))
      for (let step = 0; step < 2; step++) {
        const chunks = randomChunks(random, limits)
        for (const planner of planners) {
          const plan = planner.plan(chunks)
          checkPlan(plan, chunks, layout)
          checkCapacity(plan, capacity)
        }
      }
    })
  })

  test('with windows, whole segments that a token does not see are left out, and no other (random)', () => {
    let numShared = 0
    forEachSeed(150, random => {
      const layout = randomLayout(random)
      const limits = { tokenBudget: random.int(1, 150), contextLength: random.int(1, pick(random, [400, 3000])) }
      const window = random.int(1, pick(random, [40, 400, 4000]))
      const contextLength = Math.min(limits.contextLength, keysInSight(window, layout.segmentTokens))
      const capacity = planCapacity({ layout, ...limits, contextLength })
      const wantedItems = 2 ** random.int(0, 14)
      const planners = MODES.map(mode => new AttentionPlanner(layout, capacity, { mode, wantedItems, window }))
      const chunks = randomChunks(random, limits).map(({ blockTable, ...chunk }) => {
        // what is given up may name anything
        const numFreed = firstNeeded(window, chunk.start)
        return { ...chunk, blockTable: blockTable.map((block, at) => (at < numFreed ? random.int(0, 9) : block)) }
      })
      const [shared, split, flat] = planners.map(planner => {
        const plan = planner.plan(chunks)
        checkPlan(plan, chunks, layout, window)
        checkCapacity(plan, capacity)
        return plan.numKeysRead
      })
      expect(shared).toBeLessThanOrEqual(flat)
      expect(split).toBeLessThanOrEqual(flat)
      if (split < flat) numShared++
    })
    expect(numShared).toBeGreaterThan(10)
  })

  test('a window as long as the context plans as none does (random)', () => {
    forEachSeed(50, random => {
      const limits = { tokenBudget: random.int(1, 150), contextLength: random.int(1, 900) }
      const chunks = randomChunks(random, limits)
      const [none, long] = [undefined, limits.contextLength].map(window =>
        plannerFor(LAYOUT, { wantedItems: 8, window }, limits).plan(chunks),
      )
      expect(long).toEqual(none)
    })
  })

  test('a decode reads its window and the rest of a segment, however long the context', () => {
    const plan = plannerFor(LAYOUT, { wantedItems: 1, window: 64 }).plan([chunk(1000, 1, 5)])
    // of 937 to 1000, in segments of 32
    expect(records(plan.items[0], ITEM_FIELDS)).toEqual([[0, 1, 0, 1001 - 928, 928]])
    expect([...plan.blocks]).toEqual([58, 59, 60, 61, 62].map(index => 5 + index))
  })

  test('a plan costs what its cuts do, and reading in common never more than reading alone (random)', () => {
    forEachSeed(200, random => {
      const layout = randomLayout(random)
      // slots are never scarce
      const limits = { tokenBudget: random.int(1, 90), contextLength: random.int(1, 8 * layout.segmentTokens) }
      const chunks = randomChunks(random, limits)
      const [shared, split, flat] = MODES.map(mode => plannerFor(layout, { mode, wantedItems: 1 }, limits).plan(chunks))
      const cost = new AttentionCost(layout, DEFAULT_COSTS)
      const uncut = chunks.map(({ start, count }) => Math.ceil((start + count) / layout.segmentTokens))
      expect(planCost(flat, cost)).toBeCloseTo(costOfCuts(chunks, uncut, cost), 4)
      expect(planCost(shared, cost)).toBeLessThan(planCost(flat, cost) + 1e-4)
      expect(planCost(shared, cost)).toBeLessThan(planCost(split, cost) + 1e-4)
      expect(shared.numKeysRead).toBeLessThanOrEqual(flat.numKeysRead)
      expect(split.numKeysRead).toBeLessThanOrEqual(shared.numKeysRead)
    })
  })

  test('n(P + S) / (P + nS) is the most that one prefix saves, reached where its rows fit one tile (random)', () => {
    forEachSeed(100, random => {
      const [n, prefix, suffix] = [random.int(2, 22), random.int(0, 2000), random.int(1, 300)]
      const chunks = group(n, prefix, suffix)
      const numKeys = (mode: 'split' | 'flat') => plannerFor(LAYOUT, { mode, wantedItems: 1 }).plan(chunks).numKeysRead
      // whole segments only are shared
      const rounded = prefix - (prefix % LAYOUT.segmentTokens)
      const own = prefix - rounded + suffix
      expect(numKeys('flat')).toBe(n * (prefix + suffix))
      expect(numKeys('split')).toBe(rounded + n * own)
      expect(numKeys('flat') / numKeys('split')).toBeLessThanOrEqual((n * (prefix + suffix)) / (prefix + n * suffix))
    })
  })

  test('a chunk that computes the prefix in this step reads it for itself, those behind it in common', () => {
    const leader = chunk(0, 64)
    const chunks = [
      leader,
      ...[1, 2, 3].map(i => ({ start: 64, count: 2, blockTable: [...leader.blockTable, 90 + i] })),
    ]
    const plan = plannerFor(LAYOUT, { mode: 'split', wantedItems: 1 }).plan(chunks)
    checkPlan(plan, chunks, LAYOUT)
    expect(itemsOf(plan).filter(([, numRows, , numKeys]) => numRows === 6 && numKeys === 64).length).toBe(1)
  })

  test('the bounds on rows, slots and merges are reached', () => {
    for (const contextLength of [128, 512]) {
      const limits = { tokenBudget: 32, contextLength }
      const capacity = planCapacity({ layout: LAYOUT, ...limits })
      const decodes = Array.from({ length: 32 }, (_, index) => {
        const numTokens = contextLength === 128 ? 128 : index < 16 ? 512 : 1
        return chunk(numTokens - 1, 1, 32 * index)
      })
      const plan = plannerFor(LAYOUT, { wantedItems: 1e6 }, limits).plan(decodes)
      expect(plan.rows.length / ROW_FIELDS).toBe(capacity.rows)
      expect(plan.numPartialSlots).toBe(capacity.slots)
    }
    const limits = { tokenBudget: 32, contextLength: 128 }
    const plan = plannerFor(LAYOUT, { wantedItems: 1e6 }, limits).plan([chunk(96, 32)])
    expect(plan.merges.length / MERGE_FIELDS).toBe(planCapacity({ layout: LAYOUT, ...limits }).merges)
  })
})
