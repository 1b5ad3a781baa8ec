import { describe, expect, it } from 'vitest'
import { mergeAttention } from '../../src/kernels/merge-attention'
import { expectClose } from '../support/compare'
import { kernelBench } from '../support/gpu'
import { random } from '../support/random'

/** The log-sum-exp of a part without keys. */
const EMPTY = -1e30

interface Merge {
  readonly token: number
  readonly firstSlot: number
  readonly numSlots: number
}

interface Partials {
  readonly numHeads: number
  readonly headDim: number
  /** [slots, numHeads, headDim] */
  readonly o: Float32Array<ArrayBuffer>
  /** [slots, numHeads] */
  readonly lse: Float32Array<ArrayBuffer>
}

/** The formula, naively and in f64. */
function reference({ numHeads, headDim, o, lse }: Partials, merges: readonly Merge[]): Float64Array {
  const out = new Float64Array(merges.length * numHeads * headDim)
  for (const { token, firstSlot, numSlots } of merges) {
    for (let head = 0; head < numHeads; head++) {
      const slots = Array.from({ length: numSlots }, (_, index) => (firstSlot + index) * numHeads + head)
      const highest = Math.max(...slots.map(slot => lse[slot]))
      const weights = slots.map(slot => 2 ** (lse[slot] - highest))
      const sum = weights.reduce((a, b) => a + b)
      slots.forEach((slot, index) => {
        for (let d = 0; d < headDim; d++) {
          out[(token * numHeads + head) * headDim + d] += (weights[index] / sum) * o[slot * headDim + d]
        }
      })
    }
  }
  return out
}

async function run({ numHeads, headDim, o, lse }: Partials, merges: readonly Merge[]): Promise<Float32Array> {
  const bench = await kernelBench()
  const length = merges.length * numHeads * headDim
  const out = bench.output(length)
  const buffers = { partialO: bench.upload(o), partialLse: bench.upload(lse), out }
  const merge = mergeAttention(bench, { numHeads, headDim }, buffers)
  await bench.ready()
  const list = merges.flatMap(({ token, firstSlot, numSlots }) => [token, firstSlot, numSlots])
  merge(bench.step.push(list), merges.length)
  return bench.read(out, length)
}

function partials(numHeads: number, headDim: number, numSlots: number, spread = 20): Partials {
  const { floats } = random(numSlots)
  const o = floats(numSlots * numHeads * headDim)
  return { numHeads, headDim, o, lse: floats(numSlots * numHeads, spread) }
}

describe('merge-attention', () => {
  it.each([
    { numHeads: 1, headDim: 8, sizes: [1, 2] },
    { numHeads: 9, headDim: 64, sizes: [3, 1, 7, 2] },
    { numHeads: 14, headDim: 24, sizes: [2, 2, 40] },
    { numHeads: 2, headDim: 256, sizes: [5] },
    { numHeads: 1, headDim: 8, sizes: Array.from({ length: 10_000 }, () => 2) },
  ])('equals the f64 reference for $numHeads heads of $headDim dims', async ({ numHeads, headDim, sizes }) => {
    let firstSlot = 0
    const merges = sizes.map((numSlots, index) => {
      firstSlot += numSlots
      return { token: sizes.length - 1 - index, firstSlot: firstSlot - numSlots, numSlots }
    })
    const parts = partials(numHeads, headDim, firstSlot)
    expectClose(await run(parts, merges), reference(parts, merges), 1e-12)
  })

  it('leaves a single part as it is, bit for bit, also with empty parts around it', async () => {
    const parts = partials(3, 64, 6)
    const rowLen = 3 * 64
    for (const slot of [0, 2, 3]) parts.lse.fill(EMPTY, slot * 3, slot * 3 + 3)
    const merges = [
      { token: 0, firstSlot: 5, numSlots: 1 },
      { token: 1, firstSlot: 0, numSlots: 4 },
      { token: 2, firstSlot: 0, numSlots: 2 },
    ]
    const out = await run(parts, merges)
    expect(out.slice(0, rowLen)).toEqual(parts.o.slice(5 * rowLen))
    expect(out.slice(rowLen, 2 * rowLen)).toEqual(parts.o.slice(rowLen, 2 * rowLen))
    expect(out.slice(2 * rowLen)).toEqual(parts.o.slice(rowLen, 2 * rowLen))
  })

  it('gives zeros when every part is empty', async () => {
    const parts = partials(2, 8, 3)
    parts.lse.fill(EMPTY)
    expect(await run(parts, [{ token: 0, firstSlot: 0, numSlots: 3 }])).toEqual(new Float32Array(16))
  })

  it('stays exact for log-sum-exps of any magnitude', async () => {
    const merges = [{ token: 0, firstSlot: 0, numSlots: 4 }]
    for (const spread of [1e3, 1e8, 1e29]) {
      const parts = partials(2, 8, 4, spread)
      expectClose(await run(parts, merges), reference(parts, merges), 1e-10)
    }
  })
})
