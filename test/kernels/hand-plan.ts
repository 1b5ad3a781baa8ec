/** Attention plans written by hand, and ways to cut a scene's attention into items. */

import { DIRECT } from '../../src/attention/plan'
import { BLOCK_LEN } from '../../src/core/block'
import type { Random } from '../support/random'
import type { Plan, Scene } from './attention-scene'

/** Rows and the run of keys that all of them read. */
export interface HandItem {
  /** token, position, slot */
  readonly rows: readonly (readonly [token: number, position: number, slot: number])[]
  /** Of a sequence that has these keys, from its first block on. */
  readonly blocks: readonly number[]
  readonly numKeys: number
  readonly firstKeyPosition: number
}

/** One tile, and each item with its own copy of the block table. */
export class HandPlan implements Plan {
  readonly tiles: Plan['tiles']
  readonly rows: Plan['rows']
  readonly blocks: Plan['blocks']
  readonly merges: Plan['merges']
  readonly numPartialSlots: number

  constructor(
    queries: number,
    items: readonly HandItem[],
    merges: readonly (readonly [token: number, firstSlot: number, numSlots: number])[] = [],
    readonly segmentTokens = 64,
  ) {
    let [firstRow, firstBlock] = [0, 0]
    const words = items.map(({ rows, blocks, numKeys, firstKeyPosition }) => {
      const item = [firstRow, rows.length, firstBlock + firstKeyPosition / BLOCK_LEN, numKeys, firstKeyPosition]
      firstRow += rows.length
      firstBlock += blocks.length
      return item
    })
    this.tiles = [{ queries, items: Uint32Array.from(words.flat()) }]
    this.rows = Uint32Array.from(items.flatMap(({ rows }) => rows.flat()))
    this.blocks = Uint32Array.from(items.flatMap(({ blocks }) => blocks))
    this.merges = Uint32Array.from(merges.flat())
    this.numPartialSlots = merges.reduce((sum, [, , numSlots]) => sum + numSlots, 0)
  }
}

/** Each row alone, in one item with all of its keys. */
export function wholePlan({ tokens }: Scene, queries: number, segmentTokens: number): HandPlan {
  const items = tokens.map(({ blocks, position }, token) => ({
    rows: [[token, position, DIRECT]] as const,
    blocks,
    numKeys: position + 1,
    firstKeyPosition: 0,
  }))
  return new HandPlan(queries, items, [], segmentTokens)
}

/** Rows that read the same keys. */
interface Part {
  readonly members: readonly number[]
  readonly start: number
  readonly end: number
}

/**
 * Random sets of rows, of any tables that agree on their first `sharedTokens` keys, and random cuts: a set reads any number
 * of whole segments from key 0 on in one item, then segments one by one, as long as its rows' tables agree; after that
 * each table's rows go on by themselves.
 */
export function cutPlan(
  { tokens, shape }: Scene,
  { int }: Random,
  queries: number,
  segmentTokens: number,
  sharedTokens = 0,
): HandPlan {
  const mostRows = Math.floor((queries * shape.numKvHeads) / shape.numHeads)
  const numKeys = (members: readonly number[]) => Math.max(...members.map(token => tokens[token].position)) + 1
  const parts: Part[] = []
  const left = tokens.map((_, token) => token)
  while (left.length > 0) {
    const { blocks } = tokens[left[int(0, left.length)]]
    const candidates = sharedTokens > 0 ? [...left] : left.filter(token => tokens[token].blocks === blocks)
    const size = Math.min(int(1, mostRows + 1), candidates.length)
    const set = Array.from({ length: size }, () => candidates.splice(int(0, candidates.length), 1)[0])
    for (const token of set) left.splice(left.indexOf(token), 1)
    const tables = [...new Set(set.map(token => tokens[token].blocks))]
    const byTable = tables.map(table => set.filter(token => tokens[token].blocks === table))
    const common = tables.length > 1 ? sharedTokens : numKeys(set)
    const folded = int(1, Math.ceil(common / segmentTokens) + 1) * segmentTokens
    parts.push({ members: set, start: 0, end: Math.min(folded, numKeys(set)) })
    for (let start = folded; start < numKeys(set); start += segmentTokens) {
      for (const members of start < common ? [set] : byTable) {
        if (start >= numKeys(members)) continue
        parts.push({ members, start, end: Math.min(start + segmentTokens, numKeys(members)) })
      }
    }
  }
  return planOfParts(tokens, parts, queries, segmentTokens)
}

/** A row with several parts gets a slot for each, in key order. */
function planOfParts(
  tokens: Scene['tokens'],
  parts: readonly Part[],
  queries: number,
  segmentTokens: number,
): HandPlan {
  const merges: [number, number, number][] = []
  const nextSlot = tokens.map((_, token) => {
    const numParts = parts.filter(({ members }) => members.includes(token)).length
    if (numParts === 1) return DIRECT
    const firstSlot = merges.reduce((sum, [, , count]) => sum + count, 0)
    merges.push([token, firstSlot, numParts])
    return firstSlot
  })
  const items = parts.map(({ members, start, end }) => ({
    rows: members.map(token => {
      const slot = nextSlot[token]
      if (slot !== DIRECT) nextSlot[token] += 1
      return [token, tokens[token].position, slot] as const
    }),
    blocks: tokens[members[0]].blocks,
    numKeys: end - start,
    firstKeyPosition: start,
  }))
  return new HandPlan(queries, items, merges, segmentTokens)
}
