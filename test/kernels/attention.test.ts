import { describe, expect, it } from 'vitest'
import { DIRECT } from '../../src/attention/plan'
import { BLOCK_LEN } from '../../src/core/block'
import { Step } from '../../src/gpu/step'
import { attentionTiling } from '../../src/kernels/attention'
import { expectClose } from '../support/compare'
import { kernelBench } from '../support/gpu'
import { random } from '../support/random'
import {
  bits,
  blockTables,
  createScene,
  partsOf,
  planOf,
  reference,
  run,
  type Scene,
  SEGMENT,
  shapeOf,
  tokensOf,
} from './attention-scene'
import { HandPlan } from './hand-plan'

const BOUND = 1e-9

describe('attention', () => {
  it.each([
    { window: 1 },
    { window: 100 },
    { softcap: 5 },
    { window: 300, softcap: 50 },
    { headDim: 24, window: 17, softcap: 0.5 },
    { headDim: 24, format: 'f16', window: 40 },
    { headDim: 24, format: 'int8' },
    { headDim: 24, format: 'int4', window: 40 },
    { headDim: 96, format: 'int4' },
  ] as const)('equals the f64 reference with %o, whatever lies before the windows', async options => {
    const { headDim, window } = { headDim: 64, window: undefined, ...options }
    const shape = shapeOf(headDim, 2)
    const parts = partsOf(
      [10, 17, 257, 600, 450].map((end, index) => ({ start: end - 1 - index * 3, count: 1 + index * 3 })),
    )
    const scene = { ...createScene(shape, tokensOf(parts)), ...options }
    const plan = planOf(parts, shape, attentionTiling(shape).tiles)
    const bench = await kernelBench()
    const { out } = await run(bench, scene, plan)
    expectClose(out, reference(scene), BOUND)
    const stale = { ...scene, k: scene.k.slice(), v: scene.v.slice() }
    for (const { start, blockTable } of parts) {
      for (let key = 0; key <= start - (window ?? Infinity); key++) {
        const place = blockTable[Math.floor(key / BLOCK_LEN)] * BLOCK_LEN + (key % BLOCK_LEN)
        const row = shape.numKvHeads * headDim
        for (const values of [stale.k, stale.v]) values.fill(3e38, place * row, (place + 1) * row)
      }
    }
    expect(bits((await run(bench, stale, plan)).out)).toEqual(bits(out))
  })

  it.each([
    { headDim: 256, group: 16, tiles: [8] },
    { headDim: 64, group: 71, tiles: [8, 32] },
  ])('serves $group query heads per KV head in tiles of $tiles', async ({ headDim, group, tiles }) => {
    const shape = shapeOf(headDim, group)
    const { groupSize } = attentionTiling(shape)
    const parts = partsOf([
      { start: 40, count: 1 },
      { start: 257, count: 3 },
    ])
    const scene = createScene(shape, tokensOf(parts))
    const { out } = await run(await kernelBench(), scene, planOf(parts, shape, tiles, groupSize))
    expectClose(out, reference(scene), BOUND)
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
      const items = parts.map(({ start, end }, state) => ({
        rows: [[0, 332, state]] as const,
        blocks: [...blocks, 0],
        numKeys: end - start,
        firstKeyPosition: start,
      }))
      const { out, stats } = await run(bench, scene, new HandPlan(8, items, [[0, 0, parts.length]]))
      expectClose(out, expected, BOUND)
      const isEmpty = (state: number) => parts[state].start === parts[state].end || parts[state].start > 332
      const highest = stats.filter((_, i) => i % 2 === 0)
      expect(Array.from(highest, m => m < -1e29)).toEqual(Array.from(highest, (_, i) => isEmpty(Math.floor(i / 4))))
    }
  })

  it.each([1e2, 1e6, 1e20, 1e37])('stays finite and within the values for scores of ±%f', async scoreScale => {
    const shape = shapeOf(64, 2)
    const parts = partsOf([
      { start: 0, count: 40 },
      { start: 300, count: 1 },
    ])
    const scene = createScene(shape, tokensOf(parts), 1, scoreScale)
    const { out } = await run(await kernelBench(), scene, planOf(parts, shape, [8, 32]))
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
      segmentTokens: SEGMENT,
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

describe('attentionTiling', () => {
  it.each([
    [16384, 64, 3, { groupSize: 3, tiles: [8, 32] }],
    [16384, 128, 1, { groupSize: 1, tiles: [8, 16] }],
    [16384, 256, 8, { groupSize: 8, tiles: [8] }],
    [16384, 256, 12, { groupSize: 6, tiles: [8] }],
    [16384, 64, 71, { groupSize: 1, tiles: [8, 32] }],
    [32768, 64, 9, { groupSize: 9, tiles: [64] }],
    [32768, 128, 4, { groupSize: 4, tiles: [8, 32] }],
    [32768, 256, 16, { groupSize: 16, tiles: [16] }],
    [65536, 64, 1, { groupSize: 1, tiles: [8, 64] }],
  ])(
    'of a device with %i bytes of workgroup memory, for heads of %i dims, %i per KV head, is %j',
    (bytes, ...options) => {
      const [headDim, group, tiling] = options
      expect(attentionTiling(shapeOf(headDim, group), { maxComputeWorkgroupStorageSize: bytes })).toEqual(tiling)
    },
  )

  it('leaves the large tile out where all rows of a step fit the small one', () => {
    expect(attentionTiling(shapeOf(64, 2), undefined, 4).tiles).toEqual([8])
    expect(attentionTiling(shapeOf(64, 2), undefined, 5).tiles).toEqual([8, 32])
    expect(attentionTiling(shapeOf(64, 9), undefined, 1).tiles).toEqual([32])
  })
})
