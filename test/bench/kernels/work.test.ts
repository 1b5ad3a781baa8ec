import { describe, expect, it } from 'vitest'
import { attentionWork, mergeWork } from '../../../src/bench/kernels/attention'
import { decodeScene, prefillScene, prefixScene } from '../../../src/bench/kernels/attention-scene'
import { coldCopies } from '../../../src/bench/kernels/case'
import { matmulWork } from '../../../src/bench/kernels/matmul'
import type { ModelShape } from '../../../src/bench/kernels/models'
import { ropeAppendWork } from '../../../src/bench/kernels/rope-append'
import { embedWork, sampleWork } from '../../../src/bench/kernels/tokens'
import { CORE_WAYS, INT8_WAYS } from '../../../src/kernels/matmul'
import { matrixFormat } from '../../../src/kernels/matrix-format'

const MODEL: ModelShape = {
  name: 'tiny',
  numLayers: 3,
  hiddenSize: 64,
  intermediateSize: 128,
  vocabSize: 1000,
  numHeads: 4,
  numKvHeads: 2,
  headDim: 8,
}

const Q4 = matrixFormat('q4', 64)

describe('the work of a matrix product', () => {
  const product = { tokens: 3, outputs: 32, cols: 64, variant: CORE_WAYS[0], isGated: false }

  it.each([
    ['f32', 32 * 64 * 4],
    ['f16', 32 * 64 * 2],
    ['q8', 32 * 64 + 32 * 2 * 2],
    ['q4', 32 * 32 + 32 * 2 * 2],
  ] as const)('has the bytes of %s weights with their scales, of x and of y', (kind, weightBytes) => {
    const { bytes, flops } = matmulWork({ ...product, format: matrixFormat(kind, 64) })
    expect(bytes).toBe(weightBytes + 3 * 64 * 4 + 3 * 32 * 4)
    expect(flops).toBe(2 * 3 * 32 * 64)
  })

  it('has a byte and an eighth for each x of int8', () => {
    const { bytes } = matmulWork({ ...product, format: Q4, variant: INT8_WAYS[0] })
    expect(bytes).toBe(32 * 32 + 32 * 2 * 2 + 3 * (64 + 2 * 4) + 3 * 32 * 4)
  })

  it('has two matrices and half the outputs where one gates the other', () => {
    const { bytes, flops } = matmulWork({ ...product, format: { kind: 'f32' }, isGated: true })
    expect(bytes).toBe(2 * 32 * 64 * 4 + 3 * 64 * 4 + 3 * 32 * 4)
    expect(flops).toBe(2 * 3 * 64 * 64 + 3 * 32 * 5)
  })
})

describe('the work of attention', () => {
  // q and the output: 4 heads of 8 dims in f32 each
  const rowBytes = 2 * 4 * 8 * 4
  // K and V of a block of 16 tokens, 2 heads of 8 dims
  const blockBytes = { f32: 2 * 16 * 2 * 32, f16: 2 * 16 * 2 * 16, int8: 2 * 16 * 2 * 12, int4: 2 * 16 * 2 * 8 }

  it.each(['f32', 'f16', 'int8', 'int4'] as const)(
    'reads whole blocks of %s, and has two products with each key',
    format => {
      const { bytes, flops } = attentionWork(decodeScene(5, 1024, true), MODEL, format)
      expect(bytes).toBe(5 * 64 * blockBytes[format] + 5 * rowBytes)
      expect(flops).toBe(5 * 1024 * 4 * (2 * 8 + 2 * 8))
    },
  )

  it('reads a shared prefix once and multiplies with it for each row', () => {
    const { bytes, flops } = attentionWork(prefixScene(5, 1024, true), MODEL, 'f32')
    expect(bytes).toBe((64 + 5 * 4) * blockBytes.f32 + 5 * rowBytes)
    expect(flops).toBe(5 * (1024 + 64) * 4 * 32)
  })

  it('sees of a prompt what lies before each token', () => {
    const { flops } = attentionWork(prefillScene(4, 4, true), MODEL, 'f32')
    expect(flops).toBe((1 + 2 + 3 + 4) * 4 * 32)
  })

  it('merges each state once', () => {
    const { bytes, flops } = mergeWork({ numPartialSlots: 7, merges: new Uint32Array(2 * 3) }, MODEL)
    expect(bytes).toBe(7 * 4 * (8 + 2) * 4 + 2 * 4 * 8 * 4)
    expect(flops).toBe(7 * 4 * (8 + 1) * 3)
  })
})

describe('the work of the others', () => {
  it('RoPE reads q, k, v and a row of the table, and writes q, k and v', () => {
    const { bytes, flops } = ropeAppendWork(3, MODEL, 'f16')
    expect(bytes).toBe(3 * ((4 + 2 + 2) * 32 + 32 + 4 * 32 + 2 * 2 * 16))
    expect(flops).toBe(3 * (4 + 2) * 8 * 3)
  })

  it('embedding reads and writes a row for each token', () => {
    expect(embedWork(3, MODEL, Q4)).toEqual({ bytes: 3 * (32 + 4 + 64 * 4), flops: 3 * 64 })
  })

  it('sampling reads each logit once', () => {
    expect(sampleWork(3, MODEL)).toEqual({ bytes: 3 * (4000 + 12), flops: 3000 })
  })
})

it('copies are as many as no cache holds, but no more than there are layers', () => {
  const mib = 2 ** 20
  expect([1, 40, 128, 500].map(size => coldCopies(size * mib, 30))).toEqual([30, 4, 1, 1])
})
