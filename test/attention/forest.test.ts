import { describe, expect, test } from 'vitest'
import { type AttentionChunk, PrefixForest, PrefixLeaf, type PrefixNode } from '../../src/attention/forest'
import { BLOCK_LEN } from '../../src/core/block'
import { forEachSeed } from '../support/for-each-seed'
import { Blocks, chunkAfter, group, randomChunks, shuffled } from './chunks'

const SEGMENT = 32

/** Of each node with several chunks: its segments and the chunks, by their place in the batch. */
function runs(forest: PrefixForest, chunks: readonly AttentionChunk[]): string[] {
  const found: string[] = []
  const visit = (node: PrefixNode) => {
    if (node instanceof PrefixLeaf) return
    const members = forest.leaves.slice(node.first, node.last).map(({ chunk }) => chunks.indexOf(chunk))
    if (node.end > 0) found.push(`${node.start}-${node.end}: ${members.toSorted((a, b) => a - b)}`)
    node.children.forEach(visit)
  }
  visit(forest.root)
  return found.toSorted()
}

/** The same by looking at every segment of every chunk. */
function expectedRuns(chunks: readonly AttentionChunk[], segmentTokens: number): string[] {
  const readers = new Map<string, number[]>()
  chunks.forEach(({ start, blockTable }, index) => {
    for (let segment = 0; (segment + 1) * segmentTokens <= start; segment++) {
      const blocks = blockTable.slice(0, ((segment + 1) * segmentTokens) / BLOCK_LEN)
      readers.set(`${blocks}`, [...(readers.get(`${blocks}`) ?? []), index])
    }
  })
  const ends = new Map<string, { start: number; end: number }>()
  const sorted = [...readers].toSorted(([a], [b]) => a.split(',').length - b.split(',').length)
  for (const [blocks, members] of sorted.filter(([, { length }]) => length > 1)) {
    const end = (blocks.split(',').length * BLOCK_LEN) / segmentTokens
    const run = ends.get(`${members}`)
    if (run) run.end = end
    else ends.set(`${members}`, { start: end - 1, end })
  }
  return [...ends].map(([members, { start, end }]) => `${start}-${end}: ${members}`).toSorted()
}

describe('PrefixForest', () => {
  test('chunks that read the same segments lie below a node of just these (random)', () => {
    forEachSeed(300, random => {
      const segmentTokens = 16 * random.int(1, 4)
      const chunks = randomChunks(random, { tokenBudget: random.int(1, 120), contextLength: random.int(1, 400) })
      const forest = new PrefixForest(segmentTokens, true)
      forest.update(chunks)
      expect(runs(forest, chunks)).toEqual(expectedRuns(chunks, segmentTokens))
      // what the search for them relies on
      for (const a of chunks) {
        for (const b of chunks) {
          const common = a.blockTable.findIndex((block, i) => block !== b.blockTable[i])
          const rest = a.blockTable.slice(common === -1 ? a.blockTable.length : common)
          expect(rest.some((block, i) => block === b.blockTable[common + i])).toBe(false)
        }
      }
    })
  })

  test('segments that end after the first row of a chunk are its own', () => {
    const blocks = new Blocks()
    const prefix = blocks.take(8)
    const starts = [32, 63, 64, 127, 128]
    const chunks = starts.map(start => chunkAfter(blocks, prefix.slice(0, Math.floor(start / BLOCK_LEN)), start, 9))
    const forest = new PrefixForest(SEGMENT, true)
    forest.update(chunks)
    expect(runs(forest, chunks)).toEqual(['0-1: 0,1,2,3,4', '1-2: 2,3,4', '2-3: 3,4'])
  })

  test('is made once for a group of decodes that grow', () => {
    const blocks = new Blocks()
    let chunks = [...group(5, 96, 3, blocks), ...group(4, 64, 34, blocks)]
    const forest = new PrefixForest(SEGMENT, true)
    forest.update(chunks)
    const { root } = forest
    for (let step = 0; step < 28; step++) {
      forest.update(chunks)
      expect(forest.root).toBe(root)
      expect(runs(forest, chunks)).toEqual(['0-2: 5,6,7,8', '0-3: 0,1,2,3,4'])
      chunks = chunks.map(({ start, blockTable }) => chunkAfter(blocks, blockTable, start + 1, 1))
    }
  })

  test('is the one of the last batch, whatever came before (random)', () => {
    forEachSeed(100, random => {
      const forest = new PrefixForest(SEGMENT, true)
      const blocks = new Blocks()
      let chunks = group(random.int(1, 6), 96, random.int(1, 60), blocks)
      for (let step = 0; step < 30; step++) {
        chunks = chunks
          .filter(() => random.next() < 0.95)
          .map(({ start, count, blockTable }) => chunkAfter(blocks, blockTable, start + count, random.int(1, 4)))
        if (random.next() < 0.2) chunks = shuffled(random, chunks)
        if (random.next() < 0.4) {
          const model = chunks.length > 0 ? chunks[random.int(0, chunks.length)].blockTable : blocks.take(12)
          const shared = model.slice(0, random.int(0, model.length + 1))
          chunks.push(chunkAfter(blocks, shared, shared.length * BLOCK_LEN + random.int(0, 40), 1))
        }
        forest.update(chunks)
        expect(runs(forest, chunks)).toEqual(expectedRuns(chunks, SEGMENT))
      }
    })
  })

  test('a batch of as many other chunks makes it anew', () => {
    const forest = new PrefixForest(SEGMENT, true)
    const [a, b, c] = [group(2, 64, 1), group(2, 96, 1, new Blocks()), group(2, 0, 70)]
    for (const chunks of [a, b, c, a]) {
      const { root } = forest
      forest.update(chunks)
      expect(forest.root).not.toBe(root)
      expect(runs(forest, chunks)).toEqual(expectedRuns(chunks, SEGMENT))
    }
  })

  test('without sharing there are no nodes but chunks', () => {
    const chunks = group(3, 96, 1)
    const forest = new PrefixForest(SEGMENT, false)
    forest.update(chunks)
    expect(runs(forest, chunks)).toEqual([])
    expect(forest.leaves.map(({ chunk }) => chunk)).toEqual(chunks)
  })
})
