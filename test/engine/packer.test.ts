import { afterAll, describe, expect, it } from 'vitest'
import { CorruptCheckpoint, UnsupportedModel } from '../../src/core/errors'
import type { RawRows } from '../../src/loader'
import { inlinePacker, openPacker } from '../../src/packing/open-packer'
import { packSlab } from '../../src/packing/pack-slab'
import { startWorker } from '../../src/packing/worker-packer'
import { random } from '../support/random'

const started = await startWorker()
const worker = typeof started === 'string' ? undefined : started
const { packer: best, reason } = await openPacker()
afterAll(() => {
  worker?.close()
  best.close()
})

const PACKERS = [
  { name: 'on this thread', packer: inlinePacker },
  { name: 'as it is opened', packer: best },
  ...(worker ? [{ name: 'in a worker', packer: worker }] : []),
]

/** 20 rows of 64, whose bytes a packer may take away. */
function raw(values: Float32Array): RawRows {
  const bytes = new Uint8Array(new Float32Array(values).buffer)
  return { file: 'f', name: 'w', firstRow: 16, numRows: 20, cols: 64, encoding: { type: 'F32' }, bytes }
}

it('starts a worker wherever there are any', () => {
  const expected = typeof Worker === 'undefined' ? 'there are no workers here' : undefined
  expect(typeof started === 'string' ? started : undefined).toBe(expected)
  expect(reason).toBe(expected)
})

describe.each(PACKERS)('a packer $name', ({ packer }) => {
  it('gives what packSlab gives, however many slabs wait', async () => {
    const slabs = Array.from({ length: 10 }, (_, seed) => random(seed).floats(20 * 64))
    const format = { kind: 'q4', group: 32, hasZeros: false } as const
    const packed = await Promise.all(slabs.map(values => packer.pack({ raw: raw(values), format })))
    expect(packed).toEqual(slabs.map(values => packSlab({ raw: raw(values), format })))
  })

  it('keeps the class of an error, and goes on', async () => {
    const corrupt = packer.pack({ raw: raw(new Float32Array(20 * 64).fill(Number.NaN)), format: { kind: 'f16' } })
    await expect(corrupt).rejects.toBeInstanceOf(CorruptCheckpoint)
    await expect(corrupt).rejects.toThrow('f: tensor w holds NaN at [row 16, element 0].')
    const large = packer.pack({ raw: raw(new Float32Array(20 * 64).fill(1e6)), format: { kind: 'f16' } })
    await expect(large).rejects.toBeInstanceOf(UnsupportedModel)
    const values = random(1).floats(20 * 64)
    expect(await packer.pack({ raw: raw(values), format: { kind: 'f32' } })).toEqual(
      packSlab({ raw: raw(values), format: { kind: 'f32' } }),
    )
  })
})
