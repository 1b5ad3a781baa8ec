import { describe, expect, it } from 'vitest'
import { BLOCK_LEN } from '../../src/core/block'
import { copyKv } from '../../src/kernels/copy-kv'
import { kernelBench } from '../support/gpu'
import { random } from '../support/random'
import { KvLayout } from './kv-layout'

describe('copy-kv', () => {
  it.each([
    { format: 'f32', numKvHeads: 1, headDim: 16, numCopies: 1 },
    { format: 'f32', numKvHeads: 3, headDim: 64, numCopies: 37 },
    { format: 'f16', numKvHeads: 2, headDim: 80, numCopies: 15 },
    { format: 'int8', numKvHeads: 3, headDim: 24, numCopies: 37 },
    { format: 'int8', numKvHeads: 8, headDim: 128, numCopies: 64 },
    { format: 'int4', numKvHeads: 3, headDim: 24, numCopies: 37 },
    { format: 'int4', numKvHeads: 8, headDim: 128, numCopies: 64 },
  ] as const)(
    'copies $numCopies tokens of $numKvHeads heads of $headDim in $format, and nothing else',
    async options => {
      const { format, numCopies, ...heads } = options
      const { floats, int } = random(numCopies)
      const numTokens = 12 * BLOCK_LEN
      const width = heads.numKvHeads * heads.headDim
      const [k, v] = [floats(numTokens * width), floats(numTokens * width)]
      // sources in the first half of the cache, targets in the second, each once
      const targets = Array.from({ length: numTokens / 2 }, (_, token) => numTokens / 2 + token)
      const copies = Array.from({ length: numCopies }, () => ({
        from: int(0, numTokens / 2),
        to: targets.splice(int(0, targets.length), 1)[0],
      }))
      const bench = await kernelBench()
      const layout = new KvLayout(format, heads)
      const cache = { format, k: bench.upload(layout.pack(k, 'k')), v: bench.upload(layout.pack(v, 'v')) }
      const run = copyKv(bench, heads, cache)
      await bench.ready()
      // a list that starts somewhere in the arena
      bench.step.push([1e9])
      run(bench.step.push(copies.flatMap(({ from, to }) => [from, to])), numCopies)
      for (const { from, to } of copies) {
        for (const values of [k, v]) values.copyWithin(to * width, from * width, (from + 1) * width)
      }
      const [wantK, wantV] = [layout.pack(k, 'k'), layout.pack(v, 'v')]
      expect(await bench.readU32(cache.k, wantK.length)).toEqual(wantK)
      expect(await bench.readU32(cache.v, wantV.length)).toEqual(wantV)
    },
  )
})
