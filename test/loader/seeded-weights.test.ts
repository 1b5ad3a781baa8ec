import { createHash } from 'node:crypto'
import { expect, test } from 'vitest'
import { streamTensors } from '../../src/loader/checkpoint'
import { slabToFloat32 } from '../../src/loader/convert'
import { parseModelConfig } from '../../src/loader/model-config'
import { DTYPE_BYTES, type Dtype } from '../../src/loader/safetensors'
import { type Oracle, oracles } from '../support/oracles'
import { seededModel, seededTensors } from '../support/seeded-weights'

/** Of all weights as f32, as make_fixtures.py computes it. */
async function weightsSha256({ config, seed }: Oracle, dtype: Dtype, numShards: number): Promise<string> {
  const hash = createHash('sha256')
  const shapes = new Map(seededTensors(config).map(({ name, shape }) => [name, shape]))
  for await (const slab of streamTensors(seededModel(config, seed, dtype, numShards), shapes, { maxSlabBytes: 5000 })) {
    const values = new Float32Array(slab.data.length / DTYPE_BYTES[dtype])
    slabToFloat32(slab, values)
    hash.update(values)
  }
  return hash.digest('hex')
}

test.each(oracles)(
  '$name: the seeded weights are those of the Python oracle, in every dtype and sharding',
  async oracle => {
    expect(await weightsSha256(oracle, 'F32', 1)).toBe(oracle.weightsSha256)
    expect(await weightsSha256(oracle, 'F16', 2)).toBe(oracle.weightsSha256)
    expect(await weightsSha256(oracle, 'BF16', 3)).toBe(oracle.weightsSha256)
  },
)

test.each(oracles)('$name: the config is one that we support', ({ config }) => {
  expect(parseModelConfig(config).vocabSize).toBe(config.vocab_size)
})
