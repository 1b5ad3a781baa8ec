import { describe, expect, test } from 'vitest'
import { AttentionCost, type AttentionCosts, READING_COSTS } from '../../src/attention/cost'
import { AttentionCuts, slotsBefore } from '../../src/attention/cuts'
import { type AttentionChunk, PrefixForest, PrefixLeaf, type PrefixNode } from '../../src/attention/forest'
import type { AttentionLayout } from '../../src/attention/layout'
import { BLOCK_LEN } from '../../src/core/block'
import { forEachSeed } from '../support/for-each-seed'
import type { Random } from '../support/random'
import { Blocks, chunkAfter, group, randomChunks, randomLayout } from './chunks'
import { combinations, costOfCuts } from './costing'

const LAYOUT: AttentionLayout = { segmentTokens: 32, groupSize: 3, tiles: [8, 32] }

function randomCosts(random: Random): AttentionCosts {
  const scale = 4 ** random.int(-2, 3)
  return {
    item: random.int(0, 100),
    tileVector: random.next(),
    key: 1,
    keyQuad: random.next() * 2,
    state: random.next() * 20 * scale,
  }
}

/** The cuts of the chunks, in their order, and the forest they were chosen in. */
function choose(
  chunks: readonly AttentionChunk[],
  cost: AttentionCost,
  { maxSlots = Number.POSITIVE_INFINITY, wantedItems = 1 } = {},
) {
  const forest = new PrefixForest(cost.layout.segmentTokens, true)
  forest.update(chunks)
  const numSlots = new AttentionCuts(cost, maxSlots, wantedItems).choose(forest)
  const cuts = chunks.map(chunk => forest.leaves.find(leaf => leaf.chunk === chunk)?.cut ?? 0)
  return { cuts, forest, numSlots }
}

function numSegments({ start, count }: AttentionChunk, segmentTokens: number): number {
  return Math.ceil((start + count) / segmentTokens)
}

/** Every way to fold or split each node wholly: a split node, not below another, cuts all chunks below. */
function* wholeChoices(node: PrefixNode, cut = 0): Generator<Map<AttentionChunk, number>> {
  if (node instanceof PrefixLeaf) {
    yield new Map([[node.chunk, cut || node.end]])
    return
  }
  for (const here of cut === 0 && node.end > 0 ? [0, node.end] : [cut]) {
    const below = node.children.map(child => [...wholeChoices(child, here)])
    for (const choice of combinations(below)) yield new Map(choice.flatMap(each => [...each]))
  }
}

describe('AttentionCuts', () => {
  test('the cost that cuts are chosen by is what they cost (random)', () => {
    forEachSeed(300, random => {
      const cost = new AttentionCost(randomLayout(random), randomCosts(random))
      const chunks = randomChunks(random, { tokenBudget: random.int(1, 90), contextLength: random.int(1, 400) })
      const { cuts, forest } = choose(chunks, cost)
      expect(forest.root.cost).toBeCloseTo(costOfCuts(chunks, cuts, cost), 4)
    })
  })

  test('decodes that share one prefix are cut as well as can be (brute force)', () => {
    forEachSeed(150, random => {
      const cost = new AttentionCost({ ...LAYOUT, tiles: [8] }, randomCosts(random))
      const blocks = new Blocks()
      const prefix = blocks.take(2 * random.int(1, 4))
      const chunks = Array.from({ length: random.int(2, 6) }, () =>
        chunkAfter(blocks, prefix, prefix.length * 16 + random.int(0, 90), 1),
      )
      const { forest } = choose(chunks, cost)
      const ways = combinations(chunks.map(chunk => range(1, numSegments(chunk, 32))))
      expect(forest.root.cost).toBeCloseTo(
        least(ways, cuts => costOfCuts(chunks, cuts, cost)),
        4,
      )
    })
  })

  test('no way to fold or split whole nodes is better (brute force)', () => {
    forEachSeed(150, random => {
      const cost = new AttentionCost({ ...LAYOUT, tiles: [16] }, randomCosts(random))
      const blocks = new Blocks()
      const chunks: AttentionChunk[] = []
      while (chunks.length < 5) {
        const model = chunks[random.int(0, chunks.length)]?.blockTable ?? []
        const shared = model.slice(0, 2 * random.int(0, 4))
        chunks.push(chunkAfter(blocks, shared, shared.length * 16 + random.int(0, 64), random.int(1, 4)))
      }
      const { forest } = choose(chunks, cost)
      const wholes = [...wholeChoices(forest.root)].map(choice => chunks.map(chunk => choice.get(chunk) ?? 0))
      expect(forest.root.cost).toBeLessThan(least(wholes, cuts => costOfCuts(chunks, cuts, cost)) + 1e-6)
    })
  })

  test('to cut all chunks at the first branch is not better, nor to cut none (random)', () => {
    forEachSeed(200, random => {
      const cost = new AttentionCost(randomLayout(random), randomCosts(random))
      const chunks = randomChunks(random, { tokenBudget: random.int(1, 200), contextLength: random.int(1, 600) })
      const { forest } = choose(chunks, cost)
      const none = chunks.map(chunk => numSegments(chunk, cost.layout.segmentTokens))
      const all = chunks.map((chunk, index) => {
        const root = forest.root.children.find(({ first, last }) =>
          forest.leaves.slice(first, last).some(leaf => leaf.chunk === chunk),
        )
        return root && root.children.length > 0 ? root.end : none[index]
      })
      expect(forest.root.cost).toBeLessThan(costOfCuts(chunks, none, cost) + 1e-4)
      expect(forest.root.cost).toBeLessThan(costOfCuts(chunks, all, cost) + 1e-4)
    })
  })

  test('a group keeps its long prefix to itself although others share the beginning', () => {
    const blocks = new Blocks()
    const beginning = blocks.take(4)
    const long = [...beginning, ...blocks.take(60)]
    const grouped = Array.from({ length: 20 }, () => chunkAfter(blocks, long, 64 * 16 + 5, 1))
    const others = Array.from({ length: 20 }, () => chunkAfter(blocks, beginning, 64 + 5, 1))
    const cost = new AttentionCost(LAYOUT, { item: 32, tileVector: 0, key: 1, keyQuad: 0.1, state: 2 })
    const { cuts } = choose([...grouped, ...others], cost)
    expect(cuts).toEqual([...grouped.map(() => 32), ...others.map(() => 2)])
  })

  test('states never exceed the slots, and with none no chunk is cut (random)', () => {
    forEachSeed(200, random => {
      const cost = new AttentionCost(randomLayout(random), randomCosts(random))
      const chunks = randomChunks(random, { tokenBudget: random.int(1, 150), contextLength: random.int(1, 500) })
      const wantedItems = 2 ** random.int(0, 12)
      const maxSlots = random.int(0, 400)
      expect(choose(chunks, cost, { maxSlots, wantedItems }).numSlots).toBeLessThanOrEqual(maxSlots)
      const uncut = choose(chunks, cost, { maxSlots: 0, wantedItems })
      expect(uncut.cuts).toEqual(chunks.map(chunk => numSegments(chunk, cost.layout.segmentTokens)))
    })
  })

  test('scarce slots go where they save most', () => {
    const blocks = new Blocks()
    const chunks = [...group(20, 2048, 5, blocks), ...group(20, 64, 5, blocks)]
    const cost = new AttentionCost(LAYOUT, { item: 0, tileVector: 0, key: 1, keyQuad: 0.1, state: 0.1 })
    expect(choose(chunks, cost).numSlots).toBe(80)
    const { cuts } = choose(chunks, cost, { maxSlots: 40 })
    expect(cuts).toEqual(chunks.map((_, index) => (index < 20 ? 64 : 3)))
    // and to as many as there are slots for
    const some = choose(chunks, cost, { maxSlots: 24 })
    expect(some.numSlots).toBe(24)
    expect(some.cuts.filter(cut => cut === 64).length).toBe(12)
  })

  test('a long context is cut into as many items as are wanted, one row or many', () => {
    const cost = new AttentionCost(LAYOUT, { item: 32, tileVector: 0, key: 1, keyQuad: 0.25, state: 2 })
    const one = group(1, 0, 32 * 40)
    expect(choose(one, cost, { wantedItems: 1000 }).cuts).toEqual([1])
    expect(choose(one, cost, { wantedItems: 8 }).cuts).toEqual([5])
    expect(choose(one, cost, { wantedItems: 1000, maxSlots: 30 }).cuts).toEqual([16])
    // keys read in common are read once: 2 segments, twice 4 and 6 times 1
    const reading = new AttentionCost(LAYOUT, READING_COSTS)
    const blocks = new Blocks()
    const shared = blocks.take(4)
    const tree = [0, 1].flatMap(() => {
      const prefix = [...shared, ...blocks.take(8)]
      return [0, 1, 2].map(() => chunkAfter(blocks, prefix, 12 * BLOCK_LEN, 1))
    })
    expect(choose(tree, reading, { wantedItems: 15 }).cuts).toEqual(tree.map(() => 2))
    expect(choose(tree, reading, { wantedItems: 16 }).cuts).toEqual(tree.map(() => 1))
    // the straggler only
    const many = [...group(30, 0, 32), ...one]
    expect(choose(many, cost, { wantedItems: 7 }).cuts).toEqual([...group(30, 0, 32).map(() => 1), 10])
  })

  test('slots are counted as the rows before have them (random)', () => {
    forEachSeed(100, random => {
      const segmentTokens = 16 * random.int(1, 5)
      const leaf = new PrefixLeaf({ start: random.int(0, 300), count: random.int(1, 200), blockTable: [] })
      const { start, count } = leaf.chunk
      const cut = random.int(1, 12)
      let expected = 0
      for (let position = start; position <= start + count; position++) {
        expect(slotsBefore(leaf, position, cut, segmentTokens)).toBe(expected)
        const segments = Math.floor(position / segmentTokens) + 1
        if (segments > cut) expected += segments - cut + 1
      }
    })
  })
})

function least<T>(ways: Iterable<T>, cost: (way: T) => number): number {
  let best = Number.POSITIVE_INFINITY
  for (const way of ways) best = Math.min(best, cost(way))
  return best
}

/** first, …, last */
function range(first: number, last: number): number[] {
  return Array.from({ length: last - first + 1 }, (_, index) => first + index)
}
