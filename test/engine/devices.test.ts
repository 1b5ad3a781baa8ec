import { describe, expect, it } from 'vitest'
import { createEngine, type EngineOptions } from '../../src/index'
import { sharedDevice } from '../support/device'
import { TINY } from '../support/engine'
import { oracles } from '../support/oracles'
import { seededModel } from '../support/seeded-weights'

const [oracle] = oracles
const MIB = 2 ** 20

async function tokens(options: EngineOptions, dtype?: 'F16' | 'BF16', numShards = 1): Promise<(readonly number[])[]> {
  const device = await sharedDevice()
  // a software adapter writes all of a cache when it makes it, which takes seconds
  const all = { device, blocks: 64, ...options }
  const engine = await createEngine(seededModel(oracle.config, oracle.seed, dtype, numShards), all)
  const prompts = oracle.runs.map(({ prompt }) => prompt)
  const results = await engine.generate(prompts, { maxTokens: 64, ignoreEos: true }).all()
  engine.dispose()
  return results.map(({ tokenIds }) => tokenIds)
}

// the seeded weights are exact in f16 and bf16, so that all of these compute the same numbers
describe('the oracle’s tokens come out', () => {
  const expected = oracle.runs.map(run => run.tokens)

  it('of weights kept as f16, which needs no shader-f16', async () => {
    expect(await tokens({ weights: 'f16', kv: 'f32', limits: 'default' })).toEqual(expected)
  })

  it('of f16 and bf16 checkpoints, whole and sharded', async () => {
    expect(await tokens({}, 'F16')).toEqual(expected)
    expect(await tokens({}, 'BF16', 3)).toEqual(expected)
  })

  it('on a device with default limits and no optional feature', async () => {
    expect(await tokens({ limits: 'default', blocks: undefined })).toEqual(expected)
  })
})

it('a matrix over the binding limit gives the same tokens as one that fits', async () => {
  const device = await sharedDevice()
  // a limit of 128 MiB, which is what WebGPU grants, would need weights that take a minute to make
  const limits = { ...deviceLimits(device), maxStorageBufferBindingSize: MIB }
  const small = new Proxy(device, {
    get: (_, name: keyof GPUDevice) => {
      const value = name === 'limits' ? limits : device[name]
      return typeof value === 'function' ? value.bind(device) : value
    },
  })
  const config = { ...TINY, vocab_size: 7000 }
  const prompts = [[1], [6_999, 3, 6_900]]
  const answers: unknown[] = []
  for (const weights of ['f32', 'f16'] as const) {
    const isOver = config.vocab_size * config.hidden_size * (weights === 'f32' ? 4 : 2) > MIB
    expect(isOver).toBe(weights === 'f32')
    const options = { weights, kv: 'f32', blocks: 32, device: small } as const
    const engine = await createEngine(seededModel(config, 5), options)
    const results = await engine.generate(prompts, { maxTokens: 4, ignoreEos: true }).all()
    answers.push(results.map(({ tokenIds }) => tokenIds))
    engine.dispose()
  }
  expect(answers[0]).toEqual(answers[1])
})

/** Own fields: those of a device are its prototype's. */
function deviceLimits({ limits }: GPUDevice): GPUSupportedLimits {
  const names = Object.keys(Object.getPrototypeOf(limits)) as (keyof GPUSupportedLimits)[]
  return Object.fromEntries(names.map(name => [name, limits[name]])) as unknown as GPUSupportedLimits
}
