/** What depends on the device: its limits decide the tiles, its features the ways. So these run in Chrome too. */
import { describe, it } from 'vitest'
import { BLOCK_LEN } from '../../src/core/block'
import { attentionTiling, attentionWays } from '../../src/kernels/attention'
import { expectClose } from '../support/compare'
import { kernelBench, testGpu } from '../support/gpu'
import { createScene, partsOf, planOf, reference, run, shapeOf, tokensOf } from './attention-scene'

const BOUND = 1e-9

describe('attention in tiles of the device', () => {
  it.each(
    [8, 24, 64, 128, 256].flatMap(headDim =>
      [1, 3, 4, 7, 8].flatMap(group => ({ headDim, group, lengths: [1, 15, 16, 17, 255, 256, 257, 600] })),
    ),
  )('equals the f64 reference: $group heads of $headDim dims, decodes at $lengths and chunks', async options => {
    const shape = shapeOf(options.headDim, options.group)
    const decodes = options.lengths.map(length => ({ start: length - 1, count: 1 }))
    const parts = partsOf([...decodes, { start: 0, count: 19 }, { start: 250, count: 13 }])
    const scene = createScene(shape, tokensOf(parts))
    const { limits } = await testGpu()
    const { tiles } = attentionTiling(shape, limits)
    const { out } = await run(await kernelBench(), scene, planOf(parts, shape, tiles))
    expectClose(out, reference(scene), BOUND)
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
    const bench = await kernelBench()
    for (const way of attentionWays(bench.gpu, shape.headDim)) {
      const { out } = await run(bench, scene, planOf(parts, shape, [32]), bench, way)
      expectClose(out, expected, BOUND)
    }
  })
})
