import { createHash } from 'node:crypto'
import { expect, test } from 'vitest'
import { streamTensors } from '../../src/loader/checkpoint'
import { slabToFloat32 } from '../../src/loader/convert'
import { parseModelConfig } from '../../src/loader/model-config'
import { DTYPE_BYTES, type Dtype } from '../../src/loader/safetensors'
import { type SeededConfig, seededModel, seededTensors } from '../support/seeded-weights'

interface Fixture {
  readonly name: string
  readonly seed: number
  readonly config: SeededConfig
  readonly weightsSha256: string
}

const fixtures = Object.values(
  import.meta.glob<Fixture>('../fixtures/llama/*.json', { import: 'default', eager: true }),
)

/** Of all weights as f32, as make_llama_fixtures.py computes it. */
async function weightsSha256({ config, seed }: Fixture, dtype: Dtype, numShards: number): Promise<string> {
  const hash = createHash('sha256')
  const shapes = new Map(seededTensors(config).map(({ name, shape }) => [name, shape]))
  for await (const slab of streamTensors(seededModel(config, seed, dtype, numShards), shapes, { maxSlabBytes: 5000 })) {
    const values = new Float32Array(slab.data.length / DTYPE_BYTES[dtype])
    slabToFloat32(slab, values)
    hash.update(values)
  }
  return hash.digest('hex')
}

test.each(fixtures)(
  '$name: the seeded weights are those of the Python oracle, in every dtype and sharding',
  async fixture => {
    expect(await weightsSha256(fixture, 'F32', 1)).toBe(fixture.weightsSha256)
    expect(await weightsSha256(fixture, 'F16', 2)).toBe(fixture.weightsSha256)
    expect(await weightsSha256(fixture, 'BF16', 3)).toBe(fixture.weightsSha256)
  },
)

test.each(fixtures)('$name: the config is one that we support', ({ config }) => {
  expect(parseModelConfig(config).hiddenSize).toBe(config.hidden_size)
})
