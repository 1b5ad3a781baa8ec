import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { expect, test } from 'vitest'
import { CorruptCheckpoint } from '../../src/core/errors'
import type { RawRows } from '../../src/loader'
import { streamRows } from '../../src/loader'
import { openSafetensors } from '../../src/loader/safetensors/checkpoint'
import { inlinePacker } from '../../src/packing/open-packer'
import { packAll } from '../../src/packing/pack-all'
import { packSlab } from '../../src/packing/pack-slab'
import type { Packer } from '../../src/packing/packer'
import { type SeededConfig, seededModel, seededTensors } from '../support/seeded-weights'

const MIB = 2 ** 20

/** An embedding of 64 MiB as bf16, and little else. */
const CONFIG: SeededConfig = {
  vocab_size: 2 ** 16,
  hidden_size: 512,
  intermediate_size: 256,
  num_hidden_layers: 1,
  num_attention_heads: 4,
  num_key_value_heads: 2,
  head_dim: 64,
  tie_word_embeddings: true,
  attention_bias: false,
  mlp_bias: false,
}
const EXPECTED = new Map(seededTensors(CONFIG).map(({ name, shape }) => [name, shape]))
const LARGEST_BYTES = 2 ** 16 * 512 * 2

async function seededRows(signal?: AbortSignal): Promise<AsyncGenerator<RawRows>> {
  const source = seededModel(CONFIG, 5, 'BF16')
  return streamRows(source, await openSafetensors(source, undefined), EXPECTED, { signal })
}

const formatOf = (name: string) =>
  name.includes('norm') ? undefined : ({ kind: 'q8', group: 32, hasZeros: false } as const)

const bytesInMemory = () => {
  const { heapUsed, arrayBuffers } = process.memoryUsage()
  return heapUsed + arrayBuffers
}

test('loading holds a few slabs, however slow the packer is, and the heap less than three times the largest tensor', async () => {
  // what is held counts, and not what is only not collected yet, of this test or of other files'
  setFlagsFromString('--expose-gc')
  const collectGarbage = runInNewContext('gc')
  collectGarbage()
  const before = bytesInMemory()
  let [held, mostHeld, mostInMemory] = [0, 0, 0]
  const hold = (bytes: number) => {
    held += bytes
    if (bytes > 0) collectGarbage()
    mostHeld = Math.max(mostHeld, held)
    mostInMemory = Math.max(mostInMemory, bytesInMemory() - before)
  }
  const slow: Packer = {
    maxSlabs: 4,
    async pack(slab) {
      const { length } = slab.raw.bytes
      hold(length)
      await new Promise(resolve => setTimeout(resolve, 2))
      const packed = packSlab(slab)
      hold(-length)
      return packed
    },
    close: () => undefined,
  }
  let numRows = 0
  await packAll(await seededRows(), slow, formatOf, raw => {
    numRows += raw.numRows
  })
  expect(numRows).toBe([...EXPECTED.values()].reduce((sum, [rows, cols]) => sum + (cols ? rows : 1), 0))
  // 4 slabs of 2 MiB
  expect(mostHeld).toBeLessThanOrEqual(8 * MIB)
  expect(mostHeld).toBeGreaterThan(4 * MIB)
  expect(mostInMemory).toBeGreaterThan(mostHeld)
  expect(mostInMemory).toBeLessThan(3 * LARGEST_BYTES)
})

test('the first failure of the packer stops the reading, and is what comes out', async () => {
  let numPacked = 0
  const failing: Packer = {
    maxSlabs: 4,
    async pack() {
      if (++numPacked === 3) throw new CorruptCheckpoint('the third')
      return { rows: new Float32Array(1), loss: undefined }
    },
    close: () => undefined,
  }
  const rows = await seededRows()
  await expect(packAll(rows, failing, formatOf, () => undefined)).rejects.toThrow(new CorruptCheckpoint('the third'))
  expect(numPacked).toBeLessThan(9)
  expect((await rows.next()).done).toBe(true)
})

test('aborting stops it with the signal’s reason', async () => {
  const controller = new AbortController()
  const reason = new Error('changed my mind')
  const rows = await seededRows(controller.signal)
  const packing = packAll(rows, inlinePacker, formatOf, () => controller.abort(reason))
  await expect(packing).rejects.toBe(reason)
})
