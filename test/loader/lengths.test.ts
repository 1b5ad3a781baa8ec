import { expect, test, vi } from 'vitest'
import { CorruptCheckpoint } from '../../src/core/errors'
import type { ModelConfig } from '../../src/core/model-config'
import { type ModelFiles, openCheckpoint } from '../../src/loader/model-files'
import { memorySource, safetensorsFile } from './memory-source'

const HEADER = { a: { dtype: 'F32', shape: [3, 2], data_offsets: [0, 24] } }
const FILE = safetensorsFile(HEADER, new Uint8Array(24))

/** By headers alone: neither config nor model matters. */
function open(length: number | undefined, file: Uint8Array<ArrayBuffer> = FILE) {
  const distrust = vi.fn(async () => undefined)
  const source = { ...memorySource({ 'model.safetensors': file }), length: () => length, distrust }
  const checkpoint = openCheckpoint(source, { config: {} } as ModelFiles, {} as ModelConfig)
  return { checkpoint, distrust }
}

test.each([FILE.length - 1, FILE.length + 1, 2 ** 40])(
  'a file listed with %d bytes is not what its header says',
  async length => {
    const { checkpoint, distrust } = open(length)
    await expect(checkpoint).rejects.toThrow(CorruptCheckpoint)
    await expect(checkpoint).rejects.toThrow(
      `model.safetensors has ${length} bytes, but by its header the last tensor ends at byte ${FILE.length}.`,
    )
    expect(distrust).toHaveBeenCalledOnce()
  },
)

test.each([FILE.length, undefined])('a file listed with %s bytes is', async length => {
  const { checkpoint, distrust } = open(length)
  expect((await checkpoint).tensors.size).toBe(1)
  expect(distrust).not.toHaveBeenCalled()
})

test('a header that makes no sense makes its source distrust what it keeps', async () => {
  const { checkpoint, distrust } = open(undefined, safetensorsFile('{"a":', new Uint8Array(24)))
  await expect(checkpoint).rejects.toThrow(CorruptCheckpoint)
  expect(distrust).toHaveBeenCalledOnce()
})
