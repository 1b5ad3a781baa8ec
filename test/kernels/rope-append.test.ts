import { describe, expect, it } from 'vitest'
import { BLOCK_LEN } from '../../src/core/block'
import type { AttentionShape } from '../../src/kernels/kv-cache'
import { NOWHERE, ropeAppend } from '../../src/kernels/rope-append'
import { ropeTable } from '../../src/kernels/rope-table'
import { expectClose } from '../support/compare'
import { kernelBench, POISON } from '../support/gpu'
import { random } from '../support/random'
import { packK, packV } from './attention-scene'

const THETA = 10000
const NUM_BLOCKS = 4

interface Case extends AttentionShape {
  readonly qkvStride: number
  readonly kOffset: number
  readonly vOffset: number
  readonly positions: readonly number[]
  readonly destinations: readonly number[]
}

/** f64, from the definition: dims i and i + D/2 as a complex number, turned by position · theta^(-2i/D). */
function rotated(head: Float32Array, position: number): Float64Array {
  const half = head.length / 2
  const turned = new Float64Array(head.length)
  for (let i = 0; i < half; i++) {
    const angle = position * THETA ** (-i / half)
    turned[i] = head[i] * Math.cos(angle) - head[i + half] * Math.sin(angle)
    turned[i + half] = head[i] * Math.sin(angle) + head[i + half] * Math.cos(angle)
  }
  return turned
}

async function run(options: Case) {
  const { numHeads, numKvHeads, headDim, qkvStride, kOffset, vOffset, positions, destinations } = options
  const numTokens = positions.length
  const qkv = random(headDim).floats(numTokens * qkvStride)
  const expectedQ = new Float64Array(numTokens * numHeads * headDim)
  const slotLen = numKvHeads * headDim
  const expectedK = new Float32Array(NUM_BLOCKS * BLOCK_LEN * slotLen).fill(POISON)
  const expectedV = expectedK.slice()
  for (let token = 0; token < numTokens; token++) {
    const head = (offset: number, index: number) => {
      const start = token * qkvStride + offset + index * headDim
      return qkv.subarray(start, start + headDim)
    }
    for (let index = 0; index < numHeads; index++) {
      const scaled = rotated(head(0, index), positions[token]).map(x => (x * Math.LOG2E) / Math.sqrt(headDim))
      expectedQ.set(scaled, (token * numHeads + index) * headDim)
    }
    for (let index = 0; index < numKvHeads && destinations[token] !== NOWHERE; index++) {
      const at = destinations[token] * slotLen + index * headDim
      expectedK.set(rotated(head(kOffset, index), positions[token]), at)
      expectedV.set(head(vOffset, index), at)
    }
  }
  const bench = await kernelBench()
  const config = { headDim, ropeTheta: THETA, ropeScaling: { type: 'default' } as const }
  const table = bench.upload(ropeTable(config, Math.max(...positions) + 1))
  const [q, k, v] = [expectedQ, expectedK, expectedV].map(({ length }) => bench.output(length))
  const append = ropeAppend(bench, options, options, { qkv: bench.upload(qkv), table, q, k, v })
  await bench.ready()
  append({ numTokens, firstPosition: bench.step.push(positions), firstDestination: bench.step.push(destinations) })
  return {
    q: { actual: await bench.read(q, expectedQ.length), expected: expectedQ },
    k: { actual: await bench.read(k, expectedK.length), expected: packK(expectedK, options) },
    v: { actual: await bench.read(v, expectedV.length), expected: packV(expectedV, options) },
  }
}

/** Splits off the values that nobody may have written. */
function written({ actual, expected }: { readonly actual: Float32Array; readonly expected: Float32Array }) {
  const isWritten = (_: number, index: number) => expected[index] !== Math.fround(POISON)
  expect(actual.filter((value, index) => !isWritten(value, index) && value !== Math.fround(POISON))).toEqual(
    new Float32Array(),
  )
  return { actual: actual.filter(isWritten), expected: expected.filter(isWritten) }
}

describe('rope-append', () => {
  it.each([
    { numHeads: 1, numKvHeads: 1, headDim: 8, qkvStride: 40, kOffset: 16, vOffset: 32 },
    { numHeads: 9, numKvHeads: 3, headDim: 64, qkvStride: 960, kOffset: 576, vOffset: 768 },
    { numHeads: 6, numKvHeads: 2, headDim: 24, qkvStride: 256, kOffset: 144, vOffset: 192 },
    { numHeads: 4, numKvHeads: 1, headDim: 256, qkvStride: 1536, kOffset: 1024, vOffset: 1280 },
  ])('rotates and scales q, and stores k and v where they belong: $numHeads heads of $headDim dims', async shape => {
    const positions = [0, 1, 2047, 7, 300]
    const destinations = [17, 63, 0, NOWHERE, 30]
    const { q, k, v } = await run({ ...shape, positions, destinations })
    expectClose(q.actual, q.expected, 1e-12)
    const keys = written(k)
    expectClose(keys.actual, keys.expected, 1e-12)
    const values = written(v)
    expect(values.actual).toEqual(values.expected)
  })

  it('stores nothing for tokens with no destination', async () => {
    const shape = { numHeads: 2, numKvHeads: 1, headDim: 8, qkvStride: 48, kOffset: 16, vOffset: 32 }
    const { k, v } = await run({ ...shape, positions: [3, 4], destinations: [NOWHERE, NOWHERE] })
    expect(written(k).actual.length + written(v).actual.length).toBe(0)
  })
})
