/** Steps whose chunks share beginnings of their block tables, for the tests of attention plans. */

import type { AttentionChunk } from '../../src/attention/forest'
import type { AttentionLayout } from '../../src/attention/layout'
import { BLOCK_LEN, blocksFor } from '../../src/core/block'
import { pick } from '../support/for-each-seed'
import type { Random } from '../support/random'

/** Hands out block ids, each once and in no order. */
export class Blocks {
  #next = 0

  take(count: number): number[] {
    // a bijection of 16 bits, so that tables are not sorted as they come
    return Array.from({ length: count }, () => (this.#next++ * 40503) % 65536)
  }
}

/** A chunk whose table begins with `shared` and goes on with blocks of its own. */
export function chunkAfter(blocks: Blocks, shared: readonly number[], start: number, count: number): AttentionChunk {
  return { start, count, blockTable: [...shared, ...blocks.take(blocksFor(start + count) - shared.length)] }
}

/** `numMembers` decodes after a common prefix of `prefixTokens` tokens and `suffixTokens` of their own, the new one included. */
export function group(numMembers: number, prefixTokens: number, suffixTokens: number, blocks = new Blocks()) {
  const prefix = blocks.take(Math.floor(prefixTokens / BLOCK_LEN))
  const start = prefixTokens + suffixTokens - 1
  return Array.from({ length: numMembers }, () => chunkAfter(blocks, prefix, start, 1))
}

export interface StepLimits {
  readonly tokenBudget: number
  readonly contextLength: number
}

/**
 * As many chunks as the budget allows, prompts and decodes. Each begins as one before does, up to anywhere, which gives
 * trees of any shape; some of those before are themselves computed only in this step.
 */
export function randomChunks(random: Random, { tokenBudget, contextLength }: StepLimits): AttentionChunk[] {
  const blocks = new Blocks()
  const chunks: AttentionChunk[] = []
  const [sharing, decodes, long] = [random.next(), random.next(), random.next()]
  for (let room = tokenBudget; room > 0; ) {
    const longest = Math.min(room, contextLength)
    const count = random.next() < decodes ? 1 : Math.min(longest, random.int(1, 60))
    const model = chunks.length > 0 && random.next() < sharing ? pick(random, chunks).blockTable : []
    const most = Math.min(model.length, Math.floor((contextLength - count) / BLOCK_LEN))
    const shared = model.slice(0, random.next() < 0.5 ? most : random.int(0, most + 1))
    const least = shared.length * BLOCK_LEN
    const start = random.next() < long ? contextLength - count : random.int(least, contextLength - count + 1)
    chunks.push(chunkAfter(blocks, shared, start, count))
    room -= count
  }
  return shuffled(random, chunks)
}

export function randomLayout(random: Random): AttentionLayout {
  const tiles = pick(random, [[4, 16, 64], [8], [16, 64], [4, 8, 32]])
  return { segmentTokens: 16 * random.int(1, 7), groupSize: random.int(1, Math.max(...tiles) + 1), tiles }
}

export function shuffled<T>(random: Random, items: readonly T[]): T[] {
  return items
    .map(item => ({ item, order: random.next() }))
    .toSorted((a, b) => a.order - b.order)
    .map(({ item }) => item)
}
