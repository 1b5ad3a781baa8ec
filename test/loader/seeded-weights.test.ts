import { createHash } from 'node:crypto'
import { expect, test } from 'vitest'
import { parseModelConfig } from '../../src/loader/config/model-config'
import { openSafetensors } from '../../src/loader/safetensors/checkpoint'
import { decodeRows } from '../../src/loader/weights/decode-rows'
import type { Dtype } from '../../src/loader/weights/dtype'
import { streamRows } from '../../src/loader/weights/stream-rows'
import { type Oracle, oracles } from '../support/oracles'
import { seededModel, seededTensors } from '../support/seeded-weights'

/** Of all weights as f32, as make_fixtures.py computes it. */
async function weightsSha256({ config, seed }: Oracle, dtype: Dtype, numShards: number): Promise<string> {
  const hash = createHash('sha256')
  // the loader leaves out the prefix that some checkpoints of GPT-2 have
  const shapes = new Map(seededTensors(config).map(({ name, shape }) => [name.replace(/^transformer\./, ''), shape]))
  const source = seededModel(config, seed, dtype, numShards)
  const checkpoint = await openSafetensors(source, undefined)
  for await (const raw of streamRows(source, checkpoint, shapes, { maxSlabElements: 5000 })) {
    const rows = decodeRows(raw, false)
    if (!(rows instanceof Float32Array)) throw new Error('these are floats')
    hash.update(rows)
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
