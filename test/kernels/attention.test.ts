import { describe, expect, it } from 'vitest'
import { BLOCK_LEN } from '../../src/core/block'
import { Step } from '../../src/gpu/step'
import { attentionTiles } from '../../src/kernels/attention'
import type { AttentionShape } from '../../src/kernels/kv-cache'
import { planCapacity } from '../../src/kv/attention-layout'
import { AttentionPlanner, DIRECT } from '../../src/kv/attention-plan'
import { expectClose } from '../support/compare'
import { kernelBench } from '../support/gpu'
import { random } from '../support/random'
import { blockTables, createScene, type Plan, reference, run, type Scene, type Token } from './attention-scene'

const BOUND = 1e-9
const SEGMENT = 256

function shapeOf(headDim: number, group: number, numKvHeads = 2): AttentionShape {
  return { headDim, numKvHeads, numHeads: group * numKvHeads }
}

/** Positions [start, start + count) of a sequence. */
interface Chunk {
  readonly start: number
  readonly count: number
}

interface Part extends Chunk {
  readonly blockTable: readonly number[]
}

function partsOf(chunks: readonly Chunk[]): Part[] {
  const tables = blockTables(chunks.map(({ start, count }) => start + count))
  return chunks.map((chunk, index) => ({ ...chunk, blockTable: tables[index] }))
}

function tokensOf(parts: readonly Part[]): Token[] {
  return parts.flatMap(({ start, count, blockTable }) =>
    Array.from({ length: count }, (_, index) => ({ blocks: blockTable, position: start + index })),
  )
}

/** The planner's plan, with these tiles. */
function planOf(parts: readonly Part[], { numHeads, numKvHeads }: AttentionShape, tiles: readonly number[]): Plan {
  const layout = { segmentTokens: SEGMENT, groupSize: numHeads / numKvHeads, tiles }
  const contextLength = Math.max(...parts.map(({ start, count }) => start + count))
  const tokenBudget = parts.reduce((sum, { count }) => sum + count, 0)
  const plan = new AttentionPlanner(layout, planCapacity({ layout, tokenBudget, contextLength })).plan(parts)
  return { ...plan, tiles: tiles.map((queries, tile) => ({ queries, items: plan.items[tile] })) }
}

/** A plan written by hand: one tile, each item with the rows and the block table it reads. */
class HandPlan implements Plan {
  readonly tiles: Plan['tiles']
  readonly rows: Plan['rows']
  readonly blocks: Plan['blocks']
  readonly merges: Plan['merges']
  readonly numPartialSlots: number

  constructor(queries: number, items: readonly HandItem[], merges: readonly (readonly number[])[] = []) {
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

interface HandItem {
  /** token, position, slot */
  readonly rows: readonly (readonly [number, number, number])[]
  readonly blocks: readonly number[]
  readonly numKeys: number
  readonly firstKeyPosition: number
}

function bits(values: Float32Array): Uint32Array {
  return new Uint32Array(values.buffer, values.byteOffset, values.length)
}

describe('attention', () => {
  it.each(
    [8, 24, 64, 128, 256].flatMap(headDim =>
      [1, 3, 4, 7, 8].flatMap(group => ({ headDim, group, lengths: [1, 15, 16, 17, 255, 256, 257, 600] })),
    ),
  )('equals the f64 reference: $group heads of $headDim dims, decodes at $lengths and chunks', async options => {
    const shape = shapeOf(options.headDim, options.group)
    const decodes = options.lengths.map(length => ({ start: length - 1, count: 1 }))
    const parts = partsOf([...decodes, { start: 0, count: 19 }, { start: 250, count: 13 }])
    const scene = createScene(shape, tokensOf(parts))
    const tiles = attentionTiles(shape.headDim).filter(queries => queries >= options.group)
    const { out } = await run(await kernelBench(), scene, planOf(parts, shape, tiles))
    expectClose(out, reference(scene), BOUND)
  })

  it.each([
    { headDim: 64, group: 3 },
    { headDim: 64, group: 4 },
    { headDim: 128, group: 1 },
    { headDim: 24, group: 2 },
  ])('gives a row the same bits in every tile and every chunking: $group heads of $headDim dims', async options => {
    const shape = shapeOf(options.headDim, options.group)
    const [table] = blockTables([300])
    const parts = [{ start: 0, count: 300, blockTable: table }]
    const scene = createScene(shape, tokensOf(parts))
    const tiles = attentionTiles(shape.headDim).filter(queries => queries >= options.group)
    const bench = await kernelBench()
    const { out: whole } = await run(bench, scene, planOf(parts, shape, tiles))
    expectClose(whole, reference(scene), BOUND)
    for (const queries of tiles) {
      const { out } = await run(bench, scene, planOf(parts, shape, [queries]))
      expect(bits(out)).toEqual(bits(whole))
    }
    const rowLen = shape.numHeads * shape.headDim
    for (const lengths of [[300], Array.from({ length: 300 }, () => 1), [7, 30, 1, 218, 1, 43]]) {
      let start = 0
      const chunks = lengths.map(count => {
        start += count
        return { start: start - count, count, blockTable: table }
      })
      chunks.reverse()
      const tokens = tokensOf(chunks)
      const q = new Float32Array(scene.q.length)
      tokens.forEach(({ position }, token) => {
        q.set(scene.q.subarray(position * rowLen, (position + 1) * rowLen), token * rowLen)
      })
      const { out } = await run(bench, { ...scene, tokens, q }, planOf(chunks, shape, tiles))
      const inOrder = new Float32Array(out.length)
      tokens.forEach(({ position }, token) => {
        inOrder.set(out.subarray(token * rowLen, (token + 1) * rowLen), position * rowLen)
      })
      expect(bits(inOrder)).toEqual(bits(whole))
    }
  })

  it('gives a row the same bits whatever keys beyond its position the item holds', async () => {
    const shape = shapeOf(64, 2)
    const [blocks] = blockTables([256])
    const positions = [0, 14, 15, 16, 31, 32, 100]
    const scene = createScene(
      shape,
      positions.map(position => ({ blocks, position })),
    )
    const bench = await kernelBench()
    const outs: Uint32Array[] = []
    for (const beyond of [0, 1, 16, 33, 155]) {
      const items = positions.map((position, token) => {
        const rows = [[token, position, DIRECT]] as const
        return { rows, blocks, numKeys: position + 1 + beyond, firstKeyPosition: 0 }
      })
      outs.push(bits((await run(bench, scene, new HandPlan(8, items))).out))
    }
    for (const out of outs) expect(out).toEqual(outs[0])
  })

  it('never reads past the keys of the item, whatever lies there', async () => {
    const shape = shapeOf(64, 2)
    const parts = partsOf([{ start: 0, count: 21 }])
    const scene = createScene(shape, tokensOf(parts))
    const expected = reference(scene)
    const [{ blockTable }] = parts
    const firstUnused = (blockTable[1] * BLOCK_LEN + 5) * shape.numKvHeads * shape.headDim
    const end = (blockTable[1] + 1) * BLOCK_LEN * shape.numKvHeads * shape.headDim
    for (const values of [scene.k, scene.v]) values.fill(Number.NaN, firstUnused, end)
    const { out } = await run(await kernelBench(), scene, planOf(parts, shape, [32]))
    expectClose(out, expected, BOUND)
  })

  it.each([1, 3])('equals plain attention when rows of many sequences share prefixes (group of %i)', async group => {
    // three levels: all six sequences share 64 keys, each half 48 more, and everyone has an end of its own
    const shape = shapeOf(32, group)
    const lengths = [20, 1, 33, 16, 17, 40]
    const [root, left, right, ...ends] = blockTables([64, 48, 48, ...lengths])
    const tables = ends.map((end, index) => [...root, ...(index < 3 ? left : right), ...end])
    const tokens = lengths.map((length, index) => ({ blocks: tables[index], position: 112 + length - 1 }))
    const scene = createScene(shape, tokens)
    const expected = reference(scene)
    const bench = await kernelBench()
    const rowsOf = (members: readonly number[], level: number, numLevels: number) =>
      members.map(token => [token, tokens[token].position, token * numLevels + level] as const)
    const own = (firstKeyPosition: number, level: number) =>
      lengths.map((length, token) => {
        const rows = rowsOf([token], level, level + 1)
        return { rows, blocks: tables[token], numKeys: 112 + length - firstKeyPosition, firstKeyPosition }
      })
    const all = [3, 0, 5, 1, 4, 2]
    const two = new HandPlan(
      32,
      [{ rows: rowsOf(all, 0, 2), blocks: root, numKeys: 64, firstKeyPosition: 0 }, ...own(64, 1)],
      tokens.map((_, token) => [token, token * 2, 2]),
    )
    expectClose((await run(bench, scene, two)).out, expected, BOUND)
    const three = new HandPlan(
      32,
      [
        { rows: rowsOf(all, 0, 3), blocks: root, numKeys: 64, firstKeyPosition: 0 },
        { rows: rowsOf([2, 0, 1], 1, 3), blocks: tables[0], numKeys: 48, firstKeyPosition: 64 },
        { rows: rowsOf([3, 4, 5], 1, 3), blocks: tables[3], numKeys: 48, firstKeyPosition: 64 },
        ...own(112, 2),
      ],
      tokens.map((_, token) => [token, token * 3, 3]),
    )
    expectClose((await run(bench, scene, three)).out, expected, BOUND)
  })

  it('equals the whole for any cuts at blocks and any order of the parts, with empty parts among them', async () => {
    const shape = shapeOf(64, 4, 1)
    const [blocks] = blockTables([333])
    const scene = createScene(shape, [{ blocks, position: 332 }])
    const expected = reference(scene)
    const bench = await kernelBench()
    for (let seed = 1; seed <= 8; seed++) {
      const { int, next } = random(seed)
      const cuts = Array.from({ length: int(1, 7) }, () => int(0, 21) * BLOCK_LEN)
      const edges = [0, ...cuts.toSorted((a, b) => a - b), 333]
      const parts = edges.slice(1).map((end, index) => ({ start: edges[index], end, order: next() }))
      parts.push({ start: 336, end: 340, order: next() })
      parts.sort((a, b) => a.order - b.order)
      const items = parts.map(({ start, end }, slot) => ({
        rows: [[0, 332, slot]] as const,
        blocks: [...blocks, 0],
        numKeys: end - start,
        firstKeyPosition: start,
      }))
      const { out, lse } = await run(bench, scene, new HandPlan(8, items, [[0, 0, parts.length]]))
      expectClose(out, expected, BOUND)
      const isEmpty = (slot: number) => parts[slot].start === parts[slot].end || parts[slot].start > 332
      expect(Array.from(lse, value => value < -1e29)).toEqual(Array.from(lse, (_, i) => isEmpty(Math.floor(i / 4))))
    }
  })

  it.each([1e2, 1e6, 1e20, 1e37])('stays finite and within the values for scores of ±%f', async scoreScale => {
    const shape = shapeOf(64, 2)
    const parts = partsOf([
      { start: 0, count: 40 },
      { start: 300, count: 1 },
    ])
    const scene = createScene(shape, tokensOf(parts), 1, scoreScale)
    const { out } = await run(await kernelBench(), scene, planOf(parts, shape, attentionTiles(64)))
    expect(out.findIndex(value => !(Math.abs(value) <= 1))).toBe(-1)
    if (scoreScale <= 1e6) expect(bits(out.slice(0, 64))).toEqual(bits(firstValues(scene)))
  })

  it('runs more items than a dispatch has workgroups in one dimension', async () => {
    const shape = shapeOf(8, 1, 1)
    const blocks = [0]
    const tokens = Array.from({ length: 70000 }, (_, token) => ({ blocks, position: token % BLOCK_LEN }))
    const scene = createScene(shape, tokens)
    const items = Array.from(tokens, (_, token) => [token, 1, 0, (token % BLOCK_LEN) + 1, 0])
    const plan = {
      tiles: [{ queries: 8, items: Uint32Array.from(items.flat()) }],
      rows: Uint32Array.from(tokens.flatMap(({ position }, token) => [token, position, DIRECT])),
      blocks: Uint32Array.from(blocks),
      merges: new Uint32Array(),
      numPartialSlots: 0,
    }
    const bench = await kernelBench()
    const { out } = await run(bench, scene, plan, { ...bench, step: new Step(bench.gpu, 1 << 20) })
    expectClose(out, reference(scene), BOUND)
  })
})

/** The first kv head's value of the first token's only key. */
function firstValues({ tokens, v, shape }: Scene): Float32Array {
  const start = tokens[0].blocks[0] * BLOCK_LEN * shape.numKvHeads * shape.headDim
  return v.slice(start, start + shape.headDim)
}
