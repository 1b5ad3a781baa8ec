import { describe, expect, it } from 'vitest'
import { BLOCK_LEN } from '../../src/core/block'
import { copyKv } from '../../src/kernels/copy-kv'
import { kernelBench } from '../support/gpu'
import { random } from '../support/random'
import { packK, packV } from './attention-scene'

describe('copy-kv', () => {
  it.each([
    { numKvHeads: 1, headDim: 16, numCopies: 1 },
    { numKvHeads: 3, headDim: 64, numCopies: 37 },
    { numKvHeads: 2, headDim: 80, numCopies: 15 },
    { numKvHeads: 8, headDim: 128, numCopies: 64 },
  ])('copies $numCopies tokens of $numKvHeads heads of $headDim, and nothing else', async shape => {
    const { numKvHeads, headDim, numCopies } = shape
    const heads = { numHeads: numKvHeads, numKvHeads, headDim }
    const { floats, int } = random(numCopies)
    const numTokens = 12 * BLOCK_LEN
    const width = numKvHeads * headDim
    const [k, v] = [floats(numTokens * width), floats(numTokens * width)]
    // sources in the first half of the cache, targets in the second, each once
    const targets = Array.from({ length: numTokens / 2 }, (_, token) => numTokens / 2 + token)
    const copies = Array.from({ length: numCopies }, () => ({
      from: int(0, numTokens / 2),
      to: targets.splice(int(0, targets.length), 1)[0],
    }))
    const bench = await kernelBench()
    const cache = { k: bench.upload(packK(k, heads)), v: bench.upload(packV(v, heads)) }
    const run = copyKv(bench, heads, cache)
    await bench.ready()
    // a list that starts somewhere in the arena
    bench.step.push([1e9])
    run(bench.step.push(copies.flatMap(({ from, to }) => [from, to])), numCopies)
    for (const { from, to } of copies) {
      for (const values of [k, v]) values.copyWithin(to * width, from * width, (from + 1) * width)
    }
    expect(await bench.read(cache.k, k.length)).toEqual(packK(k, heads))
    expect(await bench.read(cache.v, v.length)).toEqual(packV(v, heads))
  })
})
