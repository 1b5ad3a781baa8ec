import { describe, expect, test } from 'vitest'
import { SHAPES } from '../../../scripts/oracles/model-shapes.mjs'
import { planCapacity } from '../../../src/attention/layout'
import { BLOCK_LEN } from '../../../src/core/block'
import { InvalidRequest, OutOfMemory } from '../../../src/core/errors'
import { explainMemory, type MemoryOptions, type MemoryPlan, planMemory } from '../../../src/engine/plan/memory-plan'
import { stepMemory } from '../../../src/engine/plan/step-memory'
import { bufferBytes } from '../../../src/gpu/usage'
import { parseModelConfig } from '../../../src/loader'
import { forEachSeed, pick } from '../../support/for-each-seed'

const MIB = 2 ** 20

const CONFIG = parseModelConfig(SHAPES['smollm2-135m'])

interface Given extends Partial<Omit<MemoryOptions, 'stepMemory'>> {
  readonly hasInt8Rows?: boolean
}

/** A plan for SmolLM2-135M on a device with default limits, but for what is given. */
function planned({ hasInt8Rows = false, ...given }: Given = {}): MemoryPlan {
  const limits = { maxBufferSize: 256 * MIB, maxStorageBufferBindingSize: 128 * MIB, ...given.limits }
  const all = { config: CONFIG, weightBytes: 270 * MIB, tokenBudget: 256, kvFormat: 'f32' as const, ...given, limits }
  const { config, tokenBudget } = all
  const deviceLimits = { ...limits, maxComputeWorkgroupStorageSize: 16384 } as GPUSupportedLimits
  const step = stepMemory(config, deviceLimits, { tokenBudget, stepsInFlight: 2, hasInt8Rows })
  return planMemory({ ...all, stepMemory: step })
}

describe('planMemory', () => {
  test('without a budget gives the KV cache 1 GiB', () => {
    const plan = planned()
    // K of a block in a layer: 3 heads x 16 tokens x 64 x 4 bytes.
    expect(plan.blockBytes).toBe(12288)
    expect(plan.numBlocks).toBe(Math.floor((1024 * MIB) / (2 * 30 * 12288)))
    expect(plan.contextLength).toBe(8192)
    expect([plan.segmentTokens, plan.partialSlots]).toEqual([128, 8 * 256])
    // a state: 9 heads x (64 sums, highest score, sum of weights) x 4 bytes
    expect(plan.partialBytes).toBe(8 * 256 * 9 * 66 * 4)
    expect(plan.drawRows).toBe(256)
  })

  test('int8 rows take a byte and an eighth for each value of the widest input', () => {
    const int8Bytes = planned({ hasInt8Rows: true }).activationBytes - planned().activationBytes
    expect(int8Bytes).toBe(256 * 1536 * 1.125)
  })

  test('a cache in fewer bytes holds more tokens', () => {
    // int8: 3 heads x 16 tokens x (64 + 4 of the scale) bytes; int4: x (32 + twice 4)
    const plans = (['f32', 'f16', 'int8', 'int4'] as const).map(kvFormat => planned({ kvFormat }))
    expect(plans.map(({ blockBytes }) => blockBytes)).toEqual([12288, 6144, 3264, 1920])
    expect(plans.map(({ numBlocks }) => numBlocks)).toEqual([1456, 2912, 5482, 9320])
  })

  test('a budget holds everything', () => {
    const budgetBytes = 700 * MIB
    const plan = planned({ budgetBytes })
    expect(plan.totalBytes).toBeLessThanOrEqual(budgetBytes)
    expect(plan.totalBytes).toBeGreaterThan(budgetBytes - 2 * 30 * plan.blockBytes)
  })

  test('no buffer exceeds what the device binds', () => {
    const limits = { maxBufferSize: 6 * MIB, maxStorageBufferBindingSize: 8 * MIB }
    const plan = planned({ limits, tokenBudget: 64 })
    expect(plan.layerBytes).toBeLessThanOrEqual(6 * MIB)
    expect(plan.numBlocks).toBe(512)
    expect(plan.logitsBytes).toBeLessThanOrEqual(6 * MIB)
  })

  test('the context is reduced to what the cache holds, and the plan says so', () => {
    const plan = planned({ blocks: 10 })
    expect(plan.contextLength).toBe(160)
    // two segments at most
    expect(plan.partialSlots).toBe(2 * 256)
    expect(explainMemory(plan)).toContain('160 tokens, reduced from 8192 to what the KV cache holds')
    expect(explainMemory(planned())).not.toContain('reduced')
  })

  test('layers with a window get blocks for sequences of twice that length, and for 64 of them at most', () => {
    const layers = Array.from({ length: 30 }, (_, index) => ({
      rope: undefined,
      window: index % 5 === 0 ? undefined : 512,
    }))
    const config = { ...CONFIG, layers }
    const plan = planned({ config })
    const [full, windowed] = plan.kvGroups
    expect([full.layers.length, full.window, windowed.layers.length, windowed.window]).toEqual([6, Infinity, 24, 512])
    // 33 blocks for each 1024 tokens
    expect(windowed.numBlocks).toBe(Math.ceil((33 / 64) * full.numBlocks))
    expect(plan.kvBytes).toBe(2 * (6 * full.numBlocks + 24 * windowed.numBlocks) * plan.blockBytes)
    expect(plan.kvBytes).toBeLessThanOrEqual(1024 * MIB)
    expect(plan.kvBytes).toBeGreaterThan(1024 * MIB - 2 * 30 * plan.blockBytes)
    const large = planned({ config, blocks: 10_000 }).kvGroups
    // 32 back and 17 of a step of 256 tokens, and one for what is in flight
    expect(large.map(({ numBlocks }) => numBlocks)).toEqual([10_000, 50 + 63 * 33])
    const small = planned({ config, blocks: 60 }).kvGroups
    expect(small.map(({ numBlocks }) => numBlocks)).toEqual([60, 50])
    expect(explainMemory(plan)).toContain('blocks in 24 layers that see 512 tokens')
  })

  test("where all layers have a window the context is the model's as soon as one sequence fits", () => {
    const layers = Array.from({ length: 30 }, () => ({ rope: undefined, window: 512 }))
    const plan = (blocks: number) => planned({ config: { ...CONFIG, layers }, blocks })
    expect(plan(50).contextLength).toBe(8192)
    expect(plan(49).contextLength).toBe(49 * 16)
  })

  test('an explicit number of blocks is taken as it is, however small', () => {
    expect(planned({ blocks: 1 }).numBlocks).toBe(1)
  })

  test('an explicit number of blocks that does not fit is refused with the number that does', () => {
    const plan = () => planned({ blocks: 20000 })
    expect(plan).toThrow(OutOfMemory)
    expect(plan).toThrow('needs 20000 blocks of 16 tokens (14062.5 MiB), but 10922 fit: the device binds 128.0 MiB')
  })

  test('a budget that leaves no room for a useful cache is refused with the numbers', () => {
    const plan = () => planned({ budgetBytes: 280 * MIB })
    expect(plan).toThrow(OutOfMemory)
    expect(plan).toThrow('needs 16 blocks of 16 tokens (11.3 MiB), but 0 fit')
    expect(plan).toThrow('the budget of 280.0 MiB holds')
  })

  test('a token budget whose buffers the device cannot bind is refused with one that it can', () => {
    const limits = { maxBufferSize: 4 * MIB, maxStorageBufferBindingSize: 4 * MIB }
    const plan = (tokenBudget: number) => () => planned({ limits, tokenBudget })
    expect(plan(256)).toThrow(OutOfMemory)
    expect(plan(256)).toThrow('use a token budget of 227.')
    expect(plan(227)).not.toThrow()
  })

  test('a context the model was not made for is refused', () => {
    expect(() => planned({ contextLength: 8193 })).toThrow(InvalidRequest)
    expect(() => planned({ contextLength: 0 })).toThrow('this model takes 1 to 8192.')
  })

  test('whatever the sizes: within budget and limits, and the plan for attention fits (random)', () => {
    forEachSeed(500, random => {
      const config = {
        ...CONFIG,
        numLayers: random.int(1, 40),
        numKvHeads: pick(random, [1, 3, 9]),
        headDim: pick(random, [32, 64, 128]),
        maxPositions: random.int(1, 200_000),
      }
      const maxStorageBufferBindingSize = random.int(64, 2048) * MIB
      const limits = { maxBufferSize: 1024 * MIB, maxStorageBufferBindingSize }
      const budgetBytes = random.int(600, 8000) * MIB
      const tokenBudget = random.int(1, 400)
      const plan = planned({ limits, config, budgetBytes, tokenBudget, weightBytes: random.int(0, 200) * MIB })
      expect(plan.totalBytes).toBeLessThanOrEqual(budgetBytes)
      expect(plan.layerBytes).toBeLessThanOrEqual(Math.min(limits.maxBufferSize, maxStorageBufferBindingSize))
      expect(plan.contextLength).toBeLessThanOrEqual(plan.numBlocks * BLOCK_LEN)
      const layout = { segmentTokens: plan.segmentTokens, groupSize: 1, tiles: [16] }
      const { slots } = planCapacity({ layout, tokenBudget, contextLength: plan.contextLength })
      expect(plan.partialSlots).toBe(slots)
      const [sums, stats] = [config.headDim, 2].map(floats => bufferBytes(slots * config.numHeads * floats * 4))
      expect(plan.partialBytes).toBe(sums + stats)
    })
  })
})
