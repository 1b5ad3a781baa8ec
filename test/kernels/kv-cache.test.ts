import { describe, expect, it } from 'vitest'
import { createKvCache, kvCacheBytes } from '../../src/kernels/kv-cache'
import { testGpu } from '../support/gpu'

describe('createKvCache', () => {
  it('allocates what it says, K and V for each layer', async () => {
    const gpu = await testGpu()
    const shape = { numLayers: 3, numBlocks: 5, numKvHeads: 2, headDim: 8 }
    const before = gpu.allocatedBytes
    const cache = createKvCache(gpu, shape)
    await gpu.settled()
    expect(cache.layers.map(({ k, v }) => [k.size, v.size])).toEqual(Array.from({ length: 3 }, () => [5120, 5120]))
    expect(cache.bytes).toBe(30720)
    expect(kvCacheBytes(shape)).toBe(30720)
    expect(gpu.allocatedBytes - before).toBe(30720)
  })
})
