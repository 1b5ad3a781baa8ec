import { describe, expect, it } from 'vitest'
import { BLOCK_LEN } from '../../src/core/block'
import { NOWHERE, ropeAppend } from '../../src/kernels/rope-append'
import { ropeTable } from '../../src/kernels/rope-table'
import { expectClose } from '../support/compare'
import { kernelBench, POISON } from '../support/gpu'
import { random } from '../support/random'
import { KvLayout, kvError } from './kv-layout'

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
    { numHeads: 9, numKvHeads: 3, headDim: 64, numTokens: 37, format: 'f16' },
    { numHeads: 2, numKvHeads: 3, headDim: 24, numTokens: 5, format: 'f16' },
    { numHeads: 9, numKvHeads: 3, headDim: 64, numTokens: 37, format: 'int8' },
    { numHeads: 2, numKvHeads: 3, headDim: 80, numTokens: 5, rotaryDim: 32, format: 'int8' },
    { numHeads: 1, numKvHeads: 1, headDim: 256, numTokens: 3, format: 'int8' },
    { numHeads: 9, numKvHeads: 3, headDim: 64, numTokens: 37, format: 'int4' },
    { numHeads: 2, numKvHeads: 3, headDim: 80, numTokens: 5, rotaryDim: 32, format: 'int4' },
    { numHeads: 3, numKvHeads: 2, headDim: 24, numTokens: 5, format: 'int4' },
    { numHeads: 1, numKvHeads: 1, headDim: 256, numTokens: 3, format: 'int4' },
  ] as const)('rotates and scales q, rotates k, keeps k and v, and touches nothing else: %o', async options => {
    const { numHeads, numKvHeads, headDim, numTokens } = options
    const { format, rotaryDim, scale } = {
      format: 'f32',
      rotaryDim: headDim,
      scale: headDim ** -0.5,
      ...options,
    } as const
    const { floats, int } = random(headDim)
    // parts of a fused matrix start at multiples of 16
    const kOffset = Math.ceil((numHeads * headDim) / 16) * 16
    const vOffset = kOffset + Math.ceil((numKvHeads * headDim) / 16) * 16
    const qkvStride = vOffset + numKvHeads * headDim
    const qkv = floats(numTokens * qkvStride)
    if (numTokens > 1) {
      // a head of zeros, and a value that f16 does not have
      qkv.fill(0, vOffset, vOffset + headDim)
      qkv[2 * qkvStride - 1] = -1e6
    }
    const positions = Array.from({ length: numTokens }, () => int(0, 500))
    // each token to a block of its own, but for the last, whose k and v nobody wants
    const places = positions.map((position, token) => (numTokens - token) * BLOCK_LEN + (position % BLOCK_LEN))
    const destinations = places.map((place, token) => (token > 0 && token === numTokens - 1 ? NOWHERE : place))

    const bench = await kernelBench()
    const layout = new KvLayout(format, options)
    const cacheWords = (numTokens + 2) * BLOCK_LEN * numKvHeads * layout.headWords
    const cache = { k: bench.output(cacheWords), v: bench.output(cacheWords) }
    const q = bench.output(numTokens * numHeads * headDim)
    const angles = ropeTable({ dim: rotaryDim, theta: THETA, scaling: { type: 'default' } }, 500)
    const table = rotaryDim > 0 ? bench.upload(angles) : undefined
    const buffers = { qkv: bench.upload(qkv), table, q, format, ...cache }
    const run = ropeAppend(bench, options, { qkvStride, kOffset, vOffset }, { rotaryDim, scale }, buffers)
    await bench.ready()
    run({ numTokens, firstPosition: bench.step.push(positions), firstDestination: bench.step.push(destinations) })

    const turned = (token: number, start: number) =>
      rotate(qkv, token * qkvStride + start, headDim, rotaryDim, positions[token])
    const wantQ = positions.flatMap((_, token) => {
      return Array.from({ length: numHeads }, (_, head) => turned(token, head * headDim)).flat()
    })
    const factor = scale * Math.LOG2E
    expectClose(
      await bench.read(q, wantQ.length),
      wantQ.map(x => x * factor),
      1e-10,
    )

    for (const part of ['k', 'v'] as const) {
      const words = await bench.readU32(cache[part], cacheWords)
      for (let place = 0; place < (numTokens + 2) * BLOCK_LEN; place++) {
        const token = destinations.indexOf(place)
        for (let head = 0; head < numKvHeads; head++) {
          if (token < 0) {
            expect(layout.words(words, part, place, head).every(word => word === POISON_BITS)).toBe(true)
            continue
          }
          const start = token * qkvStride + vOffset + head * headDim
          const exact =
            part === 'k' ? turned(token, kOffset + head * headDim) : [...qkv.subarray(start, start + headDim)]
          const want =
            format === 'f16' || format === 'int4' ? exact.map(x => Math.min(65504, Math.max(-65504, x))) : exact
          const peak = Math.max(...want.map(Math.abs))
          const arithmetic = part === 'k' || format.startsWith('int') ? 1e-6 * peak : 0
          const isFar = layout.values(words, part, place, head).map((x, d) => {
            return Math.abs(x - want[d]) > kvError(format, want, d) + arithmetic
          })
          expect(isFar.indexOf(true), `${part} of token ${token}, head ${head}`).toBe(-1)
        }
      }
    }
  })
})

const POISON_BITS = new Uint32Array(Float32Array.of(POISON).buffer)[0]
