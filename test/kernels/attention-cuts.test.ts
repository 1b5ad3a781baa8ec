import { describe, expect, it } from 'vitest'
import { DIRECT } from '../../src/attention/plan'
import { BLOCK_LEN } from '../../src/core/block'
import { type AttentionScores, type AttentionWay, attentionTiling, attentionWays } from '../../src/kernels/attention'
import { expectClose } from '../support/compare'
import { kernelBench, testGpu } from '../support/gpu'
import { random } from '../support/random'
import {
  bits,
  blockTables,
  createScene,
  planOf,
  reference,
  run,
  shapeOf,
  type Token,
  tokensOf,
} from './attention-scene'
import { cutPlan, HandPlan, wholePlan } from './hand-plan'

const BOUND = 1e-9

/** The tiles of this device, and of one with the default limits. */
async function allTiles(headDim: number): Promise<number[]> {
  const { limits } = await testGpu()
  const tiles = [undefined, limits].flatMap(limits => attentionTiling(shapeOf(headDim, 1), limits).tiles)
  return [...new Set(tiles)].sort((a, b) => a - b)
}

interface Kernel {
  readonly queries: number
  readonly way: AttentionWay
}

/** All tiles in all ways that this device has. */
async function allKernels(headDim: number): Promise<Kernel[]> {
  const ways = attentionWays(await testGpu(), headDim)
  return (await allTiles(headDim)).flatMap(queries => ways.map(way => ({ queries, way })))
}

/** Half of the seeds have a window, a third caps its scores. */
function scoresOf(seed: number): AttentionScores {
  return { window: seed % 2 === 0 ? 1 + 37 * seed : undefined, softcap: seed % 3 === 0 ? 10 * seed : undefined }
}

/** Groups of query heads: the seeds go through all of them, and through the segments. */
const GROUPS = [1, 2, 3, 4, 8]
const SEGMENTS = [32, 64, 128]

describe('the bits of attention', () => {
  it.each([
    [16, 'f32'],
    [64, 'f32'],
    [64, 'int4'],
    [80, 'f16'],
    [96, 'int8'],
    [128, 'f16'],
    [256, 'f32'],
  ] as const)('are the same however the keys are cut, with heads of %i dims in %s', async (headDim, format) => {
    const kernels = await allKernels(headDim)
    for (let seed = 1; seed <= 6; seed++) {
      const { int } = random(seed)
      const shape = shapeOf(headDim, GROUPS[seed % GROUPS.length], 1 + (seed % 2))
      const segment = SEGMENTS[seed % SEGMENTS.length]
      // rows of a sequence stand anywhere in it: later segments of an item may be hidden from some
      const tokens = blockTables(
        Array.from({ length: 3 }, () => int(1, 400)),
        seed,
      ).flatMap(blocks =>
        Array.from({ length: int(1, 14) }, () => ({ blocks, position: int(0, blocks.length * BLOCK_LEN) })),
      )
      const scene = { ...createScene(shape, tokens, seed), ...scoresOf(seed), format }
      const bench = await kernelBench()
      const { out: whole } = await run(bench, scene, wholePlan(scene, kernels[0].queries, segment))
      expectClose(whole, reference(scene), BOUND)
      for (const { queries, way } of kernels) {
        const { out } = await run(bench, scene, cutPlan(scene, random(seed), queries, segment), bench, way)
        expect(bits(out), `seed ${seed}, ${way} of ${queries}`).toEqual(bits(whole))
      }
    }
  })

  it.each([24, 64])('are the same for prefixes that sequences share, with heads of %i dims', async headDim => {
    const kernels = await allKernels(headDim)
    for (let seed = 1; seed <= 6; seed++) {
      const { int } = random(seed)
      const shape = shapeOf(headDim, GROUPS[seed % GROUPS.length])
      const segment = SEGMENTS[seed % SEGMENTS.length]
      const sharedTokens = segment * int(1, 5)
      const [prefix, ...ends] = blockTables([sharedTokens, ...Array.from({ length: 12 }, () => int(1, 200))], seed)
      const tokens: Token[] = ends.map(end => {
        return { blocks: [...prefix, ...end], position: sharedTokens + int(0, end.length * BLOCK_LEN) }
      })
      const scene = { ...createScene(shape, tokens, seed), ...scoresOf(seed) }
      const bench = await kernelBench()
      const { out: whole } = await run(bench, scene, wholePlan(scene, kernels[0].queries, segment))
      expectClose(whole, reference(scene), BOUND)
      for (const { queries, way } of kernels) {
        const plan = cutPlan(scene, random(seed), queries, segment, sharedTokens)
        const { out } = await run(bench, scene, plan, bench, way)
        expect(bits(out), `seed ${seed}, ${way} of ${queries}`).toEqual(bits(whole))
      }
    }
  })

  it.each([
    { headDim: 64, group: 3 },
    { headDim: 64, group: 4 },
    { headDim: 128, group: 1 },
    { headDim: 24, group: 2 },
  ])('are the same in every tile and every chunking: $group heads of $headDim dims', async options => {
    const shape = shapeOf(options.headDim, options.group)
    const [table] = blockTables([300])
    const parts = [{ start: 0, count: 300, blockTable: table }]
    const scene = createScene(shape, tokensOf(parts))
    const tiles = await allTiles(shape.headDim)
    const bench = await kernelBench()
    const { out: whole } = await run(bench, scene, planOf(parts, shape, tiles))
    expectClose(whole, reference(scene), BOUND)
    for (const { queries, way } of await allKernels(shape.headDim)) {
      const { out } = await run(bench, scene, planOf(parts, shape, [queries]), bench, way)
      expect(bits(out), `${way} of ${queries}`).toEqual(bits(whole))
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

  it('are the same whether segments that a window hides are read or left out', async () => {
    const segment = 64
    const window = 60
    const [blocks] = blockTables([400])
    const tokens = [130, 255, 256, 310, 399].map(position => ({ blocks, position }))
    const scene = { ...createScene(shapeOf(64, 2), tokens), window, softcap: 20 }
    const bench = await kernelBench()
    const { out: whole } = await run(bench, scene, wholePlan(scene, 8, segment))
    expectClose(whole, reference(scene), BOUND)
    const leftOut = tokens.map(({ position }, token) => {
      const firstKeyPosition = Math.floor((position + 1 - window) / segment) * segment
      const rows = [[token, position, DIRECT]] as const
      return { rows, blocks, numKeys: position + 1 - firstKeyPosition, firstKeyPosition }
    })
    expect(bits((await run(bench, scene, new HandPlan(8, leftOut, [], segment))).out)).toEqual(bits(whole))
    // a state of its own for what is hidden, joined before the rest
    const hidden = leftOut.map(({ rows: [[token, position]], firstKeyPosition }) => {
      return { rows: [[token, position, 2 * token]] as const, blocks, numKeys: firstKeyPosition, firstKeyPosition: 0 }
    })
    const rest = leftOut.map(({ rows: [[token, position]], ...keys }) => {
      return { ...keys, rows: [[token, position, 2 * token + 1]] as const }
    })
    const merges = tokens.map((_, token) => [token, 2 * token, 2] as const)
    const split = new HandPlan(8, [...hidden, ...rest], merges, segment)
    expect(bits((await run(bench, scene, split)).out)).toEqual(bits(whole))
  })

  it('are the same whatever keys beyond its position an item holds', async () => {
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
})
