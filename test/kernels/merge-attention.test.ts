import { describe, expect, it } from 'vitest'
import { mergeAttention } from '../../src/kernels/merge-attention'
import { expectClose } from '../support/compare'
import { kernelBench, POISON } from '../support/gpu'
import { random } from '../support/random'

const EMPTY = -1e30

/** Σ 2^(lse − m) o / Σ 2^(lse − m) of the slots [first, first + count), naively and in f64. */
function reference(
  o: ArrayLike<number>,
  lse: ArrayLike<number>,
  first: number,
  count: number,
  heads: number,
  dim: number,
) {
  const out = new Float64Array(heads * dim)
  for (let head = 0; head < heads; head++) {
    const slots = Array.from({ length: count }, (_, i) => (first + i) * heads + head)
    const highest = Math.max(...slots.map(slot => lse[slot]))
    const weights = slots.map(slot => 2 ** (lse[slot] - highest))
    const sum = weights.reduce((a, b) => a + b)
    slots.forEach((slot, i) => {
      for (let d = 0; d < dim; d++) out[head * dim + d] += (weights[i] / sum) * o[slot * dim + d]
    })
  }
  return out
}

/** Merges runs of slots of these lengths; token i gets the i-th run, in an order that is not theirs. */
async function merge(
  counts: readonly number[],
  heads: number,
  dim: number,
  o: Float32Array<ArrayBuffer>,
  lse: Float32Array<ArrayBuffer>,
) {
  const bench = await kernelBench()
  const out = bench.output((counts.length + 1) * heads * dim)
  const run = mergeAttention(
    bench,
    { numHeads: heads, headDim: dim },
    { partialO: bench.upload(o), partialLse: bench.upload(lse), out },
  )
  await bench.ready()
  let first = 0
  const merges = counts.map((count, token) => {
    first += count
    return [token, first - count, count]
  })
  run(bench.step.push(merges.reverse().flat()), counts.length)
  return bench.read(out, (counts.length + 1) * heads * dim)
}

describe('merge-attention', () => {
  it.each([
    { heads: 1, dim: 8, counts: [1] },
    { heads: 3, dim: 24, counts: [2, 1, 5, 16] },
    { heads: 9, dim: 64, counts: [3, 3, 2] },
    { heads: 2, dim: 256, counts: [7] },
    { heads: 1, dim: 8, counts: Array(70000).fill(2) },
  ])('matches the f64 reference: $heads heads of $dim', async ({ heads, dim, counts }) => {
    const { floats } = random(heads * dim)
    const slots = counts.reduce((a: number, b: number) => a + b, 0)
    const [o, lse] = [floats(slots * heads * dim), floats(slots * heads, 20)]
    const out = await merge(counts, heads, dim, o, lse)
    let first = 0
    const expected = counts.flatMap((count: number) => {
      first += count
      return [...reference(o, lse, first - count, count, heads, dim)]
    })
    expectClose(out.subarray(0, expected.length), expected, 1e-9)
    expect(out.at(-1)).toBe(Math.fround(POISON))
  })

  it.each([-1000, 0, 120, 1e6])('is exact for log-sum-exps around %d', async magnitude => {
    const { floats } = random(9)
    const [o, lse] = [floats(3 * 8), floats(3, 4).map(value => value + magnitude)]
    expectClose((await merge([3], 1, 8, o, lse)).slice(0, 8), reference(o, lse, 0, 3, 1, 8), 1e-9)
  })

  it('takes an empty part for nothing, and gives zero, not NaN, when all are empty', async () => {
    const { floats } = random(8)
    const o = floats(5 * 8)
    const out = await merge([3, 2], 1, 8, o, new Float32Array([EMPTY, 3, EMPTY, EMPTY, EMPTY]))
    expect(out.slice(0, 8)).toEqual(o.slice(8, 16))
    expect([...out.slice(8, 16)].every(Number.isFinite)).toBe(true)
  })
})
