import { describe, expect, it } from 'vitest'
import { BLOCK_LEN } from '../../src/core/block'
import { NOWHERE, ropeAppend } from '../../src/kernels/rope-append'
import { ropeTable } from '../../src/kernels/rope-table'
import { expectClose } from '../support/compare'
import { kernelBench, POISON } from '../support/gpu'
import { random } from '../support/random'
import { packK, packV } from './attention-scene'

/** One head with its first `dim` dims rotated by `position`, i and i + dim/2 as a pair (rotate-half), naively and in f64. */
function rotate(x: ArrayLike<number>, start: number, headDim: number, dim: number, position: number): number[] {
  return Array.from({ length: headDim }, (_, d) => {
    if (d >= dim) return x[start + d]
    const angle = position * THETA ** ((-2 * (d % (dim / 2))) / dim)
    const partner = d < dim / 2 ? -x[start + d + dim / 2] : x[start + d - dim / 2]
    return x[start + d] * Math.cos(angle) + partner * Math.sin(angle)
  })
}

const THETA = 10000

describe('rope-append', () => {
  it.each([
    { numHeads: 1, numKvHeads: 1, headDim: 8, numTokens: 1 },
    { numHeads: 3, numKvHeads: 1, headDim: 24, numTokens: 5 },
    { numHeads: 9, numKvHeads: 3, headDim: 64, numTokens: 37 },
    { numHeads: 4, numKvHeads: 4, headDim: 128, numTokens: 2 },
    { numHeads: 1, numKvHeads: 1, headDim: 256, numTokens: 3 },
    { numHeads: 4, numKvHeads: 2, headDim: 64, numTokens: 5, rotaryDim: 16 },
    { numHeads: 2, numKvHeads: 2, headDim: 80, numTokens: 5, rotaryDim: 20, scale: 0.3 },
    { numHeads: 2, numKvHeads: 1, headDim: 16, numTokens: 5, rotaryDim: 6 },
    { numHeads: 3, numKvHeads: 1, headDim: 24, numTokens: 5, rotaryDim: 0, scale: 1 / 256 },
  ])(
    'rotates and scales q, rotates k and stores k and v: $numHeads/$numKvHeads heads of $headDim, $rotaryDim',
    async options => {
      const { numTokens, rotaryDim, scale, ...shape } = options
      const { numHeads, numKvHeads, headDim } = shape
      const { floats, int } = random(headDim)
      const numTurned = rotaryDim ?? headDim
      const factor = (scale ?? 1 / Math.sqrt(headDim)) * Math.LOG2E
      // parts of a fused matrix start at multiples of 16
      const kOffset = Math.ceil((numHeads * headDim) / 16) * 16
      const vOffset = kOffset + Math.ceil((numKvHeads * headDim) / 16) * 16
      const qkvStride = vOffset + numKvHeads * headDim
      const qkv = floats(numTokens * qkvStride)
      const positions = Array.from({ length: numTokens }, () => int(0, 500))
      const numBlocks = numTokens + 2
      // each token to a block of its own, but for the last, whose k and v nobody wants
      const destinations = positions.map((position, token) => (numTokens - token) * BLOCK_LEN + (position % BLOCK_LEN))
      if (numTokens > 1) destinations[numTokens - 1] = NOWHERE

      const q: number[] = []
      const cacheLen = numBlocks * BLOCK_LEN * numKvHeads * headDim
      const [k, v] = [new Float32Array(cacheLen).fill(POISON), new Float32Array(cacheLen).fill(POISON)]
      positions.forEach((position, token) => {
        const row = token * qkvStride
        for (let head = 0; head < numHeads; head++) {
          q.push(...rotate(qkv, row + head * headDim, headDim, numTurned, position).map(x => x * factor))
        }
        if (destinations[token] === NOWHERE) return
        for (let head = 0; head < numKvHeads; head++) {
          const at = (destinations[token] * numKvHeads + head) * headDim
          k.set(rotate(qkv, row + kOffset + head * headDim, headDim, numTurned, position), at)
          v.set(qkv.subarray(row + vOffset + head * headDim, row + vOffset + (head + 1) * headDim), at)
        }
      })

      const bench = await kernelBench()
      const out = { q: bench.output(q.length), k: bench.output(cacheLen), v: bench.output(cacheLen) }
      const angles = ropeTable({ dim: numTurned, theta: THETA, scaling: { type: 'default' } }, 500)
      const buffers = { qkv: bench.upload(qkv), table: numTurned > 0 ? bench.upload(angles) : undefined, ...out }
      const run = ropeAppend(bench, shape, { qkvStride, kOffset, vOffset }, { rotaryDim, scale }, buffers)
      await bench.ready()
      run({ numTokens, firstPosition: bench.step.push(positions), firstDestination: bench.step.push(destinations) })
      expectClose(await bench.read(out.q, q.length), q, 1e-10)

      const [gotK, wantK] = [await bench.read(out.k, cacheLen), packK(k, shape)]
      const written = (_: number, index: number) => wantK[index] !== Math.fround(POISON)
      expectClose(gotK.filter(written), wantK.filter(written), 1e-10)
      // nothing else was touched
      expect(gotK.every((value, index) => written(value, index) || value === Math.fround(POISON))).toBe(true)
      expect(await bench.read(out.v, cacheLen)).toEqual(packV(v, shape))
    },
  )
})
