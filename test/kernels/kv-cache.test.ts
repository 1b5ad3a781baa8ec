import { describe, expect, it } from 'vitest'
import { createKvCache, kvCacheBytes } from '../../src/kernels/kv-cache'
import { testGpu } from '../support/gpu'

describe('createKvCache', () => {
  // 5 blocks of 16 tokens, 2 heads of 8 dims
  it.each([
    ['f32', 5 * 16 * 2 * 32],
    ['f16', 5 * 16 * 2 * 16],
    ['int8', 5 * 16 * 2 * (8 + 4)],
    ['int4', 5 * 16 * 2 * (4 + 4)],
  ] as const)('allocates what it says in %s, K and V for each layer', async (format, bytes) => {
    const gpu = await testGpu()
    const shape = { format, numLayers: 3, numBlocks: 5, numKvHeads: 2, headDim: 8 }
    const before = gpu.allocatedBytes
    const cache = createKvCache(gpu, shape)
    await gpu.settled()
    expect(cache.layers.map(({ k, v }) => [k.size, v.size])).toEqual(Array.from({ length: 3 }, () => [bytes, bytes]))
    expect(cache.bytes).toBe(6 * bytes)
    expect(kvCacheBytes(shape)).toBe(6 * bytes)
    expect(gpu.allocatedBytes - before).toBe(6 * bytes)
  })
})
