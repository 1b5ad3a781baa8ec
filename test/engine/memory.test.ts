import { describe, expect, it } from 'vitest'
import { SHAPES } from '../../scripts/oracles/model-shapes.mjs'
import { assemble } from '../../src/engine/open/assemble'
import { completeOptions } from '../../src/engine/options'
import { openGpu } from '../../src/gpu/device'
import { bufferBytes } from '../../src/gpu/usage'
import { createEngine, type EngineOptions, OutOfMemory } from '../../src/index'
import { parseModelConfig } from '../../src/loader'
import { openSafetensors } from '../../src/loader/safetensors/checkpoint'
import type { ModelSource } from '../../src/loader/sources/source'
import { maxResultBytes } from '../../src/sampler/sampler'
import { sharedDevice } from '../support/device'
import { TINY } from '../support/engine'
import { oracles } from '../support/oracles'
import { seededModel } from '../support/seeded-weights'

const MIB = 2 ** 20

const SMOLLM2 = SHAPES['smollm2-135m']
const gemma = oracles.find(({ name }) => name.includes('gemma3'))?.config ?? TINY
const gpt2 = oracles.find(({ name }) => name.includes('gpt2'))?.config ?? TINY

describe('what the plan says is what the GPU holds', () => {
  it.each<[string, Readonly<Record<string, unknown>>, EngineOptions]>([
    ['SmolLM2-135M in q4', SMOLLM2, { weights: 'q4', blocks: 64 }],
    ['SmolLM2-135M as it comes', SMOLLM2, { blocks: 64 }],
    ['windows, int8 everywhere', gemma, { weights: 'q8', kv: 'int8', activations: 'int8', tokenBudget: 33 }],
    [
      'learned positions, KV in int4',
      gpt2,
      { weights: 'f16', kv: 'int4', memoryBytes: 100 * MIB, study: { stepsInFlight: 3 } },
    ],
  ])('%s', async (_, config, options) => {
    const gpu = await openGpu({ device: await sharedDevice() })
    const checkpoint = await openSafetensors(seededModel(config, 1, 'BF16'), undefined)
    const { parts } = assemble(gpu, parseModelConfig(config), checkpoint, completeOptions(options))
    await gpu.settled()
    // readbacks are made when they are needed
    const { stepsInFlight, tokenBudget } = completeOptions(options)
    const readbacks = stepsInFlight * bufferBytes(maxResultBytes(tokenBudget))
    expect(gpu.allocatedBytes + readbacks).toBe(parts.memory.totalBytes)
    gpu.dispose()
  })
})

describe('a model that does not fit is refused before a weight is read, and told what would fit:', () => {
  /** Counts the bytes of weights that are asked for. */
  function counted(config: typeof SMOLLM2) {
    const model = seededModel(config, 1, 'BF16')
    const read = { bytes: 0 }
    const source: ModelSource = {
      ...model,
      async open(file, signal, begin) {
        const stream = await model.open(file, signal, begin)
        if (!file.endsWith('.safetensors')) return stream
        return stream?.pipeThrough(
          new TransformStream({
            transform(chunk, controller) {
              read.bytes += chunk.length
              controller.enqueue(chunk)
            },
          }),
        )
      },
    }
    return { source, read }
  }

  it.each<[EngineOptions, RegExp]>([
    [
      { memoryBytes: 60 * MIB },
      /134 million weights, which take 85\.8 MiB as narrow as they can be kept; the GPU memory for it is 60\.0 MiB \(the option memoryBytes\)\. A model of at most 9\d million/,
    ],
    [
      { memoryBytes: 400 * MIB, weights: 'f32' },
      /the budget of 400\.0 MiB holds 6\d\d\.\d MiB of other things.* It fits with weights f16 or q8 or q4 and kv int8\.$/,
    ],
  ])('%o', async (options, message) => {
    const { source, read } = counted(SMOLLM2)
    const creating = createEngine(source, options)
    await expect(creating).rejects.toThrow(OutOfMemory)
    await expect(creating).rejects.toThrow(message)
    expect(read.bytes).toBeLessThan(2 * MIB)
  })
})
