import { describe, expect, it } from 'vitest'
import { mergeAttention } from '../../src/kernels/merge-attention'
import { expectClose } from '../support/compare'
import { kernelBench, POISON } from '../support/gpu'
import { type Random, random } from '../support/random'

const EMPTY = -1e30

/** Σ 2^(mᵢ − m) oᵢ / Σ 2^(mᵢ − m) lᵢ of the slots [first, first + count), naively and in f64. */
function reference(
  o: ArrayLike<number>,
  stats: ArrayLike<number>,
  first: number,
  count: number,
  heads: number,
  dim: number,
) {
  const out = new Float64Array(heads * dim)
  for (let head = 0; head < heads; head++) {
    const slots = Array.from({ length: count }, (_, i) => (first + i) * heads + head)
    const highest = Math.max(...slots.map(slot => stats[slot * 2]))
    const weights = slots.map(slot => 2 ** (stats[slot * 2] - highest))
    const sum = slots.reduce((total, slot, i) => total + weights[i] * stats[slot * 2 + 1], 0)
    slots.forEach((slot, i) => {
      for (let d = 0; d < dim; d++) out[head * dim + d] += (weights[i] / sum) * o[slot * dim + d]
    })
  }
  return out
}

/** States [slots] of one head: highest scores of about ±`scale` around `offset`, sums in [1, 128). */
function randomStats({ next }: Random, slots: number, scale: number, offset = 0): Float32Array<ArrayBuffer> {
  const stats = Array.from({ length: slots }, () => [offset + (next() * 2 - 1) * scale, 1 + next() * 127])
  return new Float32Array(stats.flat())
}

/** Merges runs of slots of these lengths; token i gets the i-th run, in an order that is not theirs. */
async function merge(
  counts: readonly number[],
  heads: number,
  dim: number,
  o: Float32Array<ArrayBuffer>,
  stats: Float32Array<ArrayBuffer>,
) {
  const bench = await kernelBench()
  const out = bench.output((counts.length + 1) * heads * dim)
  const run = mergeAttention(
    bench,
    { numHeads: heads, headDim: dim },
    { partialO: bench.upload(o), partialStats: bench.upload(stats), out },
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
    const generator = random(heads * dim)
    const slots = counts.reduce((a: number, b: number) => a + b, 0)
    const [o, stats] = [generator.floats(slots * heads * dim), randomStats(generator, slots * heads, 20)]
    const out = await merge(counts, heads, dim, o, stats)
    let first = 0
    const expected = counts.flatMap((count: number) => {
      first += count
      return [...reference(o, stats, first - count, count, heads, dim)]
    })
    expectClose(out.subarray(0, expected.length), expected, 1e-9)
    expect(out.at(-1)).toBe(Math.fround(POISON))
  })

  it.each([-1000, 0, 120, 1e6])('is exact for scores around %d', async magnitude => {
    const generator = random(9)
    const [o, stats] = [generator.floats(3 * 8), randomStats(generator, 3, 4, magnitude)]
    expectClose((await merge([3], 1, 8, o, stats)).slice(0, 8), reference(o, stats, 0, 3, 1, 8), 1e-9)
  })

  it('gives the same bits with empty parts anywhere among the others', async () => {
    const generator = random(8)
    const [o, stats] = [generator.floats(3 * 8), randomStats(generator, 3, 10)]
    const [expected] = rowsOf(await merge([3], 1, 8, o, stats), 8)
    const state = (slot: number) => ({ o: o.slice(slot * 8, slot * 8 + 8), stats: stats.slice(slot * 2, slot * 2 + 2) })
    const empty = { o: new Float32Array(8), stats: new Float32Array([EMPTY, 0]) }
    const [a, b, c] = [0, 1, 2].map(state)
    const runs = [
      [empty, a, b, c],
      [a, empty, b, c],
      [a, b, c, empty],
      [empty, empty, a, b, empty, empty, c, empty],
    ]
    const flat = (name: 'o' | 'stats') => Float32Array.from(runs.flat().flatMap(part => [...part[name]]))
    const lengths = runs.map(({ length }) => length)
    const out = rowsOf(await merge(lengths, 1, 8, flat('o'), flat('stats')), 8)
    runs.forEach((_, index) => {
      expect(out[index]).toEqual(expected)
    })
  })

  it('gives zero, not NaN, when all parts are empty', async () => {
    const out = await merge([2], 1, 8, new Float32Array(16), new Float32Array([EMPTY, 0, EMPTY, 0]))
    expect(out.slice(0, 8)).toEqual(new Float32Array(8))
  })
})

function rowsOf(values: Float32Array, rowLen: number): Float32Array[] {
  return Array.from({ length: values.length / rowLen }, (_, row) => values.slice(row * rowLen, (row + 1) * rowLen))
}
