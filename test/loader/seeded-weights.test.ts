import { createHash } from 'node:crypto'
import { expect, test } from 'vitest'
import { decodeRows } from '../../src/loader/decode-rows'
import type { Dtype } from '../../src/loader/dtype'
import { parseModelConfig } from '../../src/loader/model-config'
import { openSafetensors } from '../../src/loader/safetensors-checkpoint'
import { streamRows } from '../../src/loader/stream-rows'
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
  const source = seededModel(config, seed, dtype, numShards)
  const checkpoint = await openSafetensors(source, undefined)
  for await (const raw of streamRows(source, checkpoint, shapes, { maxSlabElements: 5000 })) {
    const rows = decodeRows(raw, false)
    if (!(rows instanceof Float32Array)) throw new Error('these are floats')
    hash.update(rows)
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
