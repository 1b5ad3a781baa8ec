import { describe, expect, it } from 'vitest'
import { type QkNormShape, qkNorm } from '../../src/kernels/qk-norm'
import { expectClose } from '../support/compare'
import { kernelBench } from '../support/gpu'
import { random } from '../support/random'

const EPS = 1e-6

/** The formula, naively and in f64. */
function reference(qkv: Float32Array, q: Float32Array, k: Float32Array, shape: QkNormShape): Float64Array {
  const out = Float64Array.from(qkv)
  const norm = (start: number, weight: Float32Array) => {
    const vector = out.subarray(start, start + weight.length)
    const mean = vector.reduce((sum, value) => sum + value ** 2, 0) / weight.length
    vector.forEach((value, i) => {
      vector[i] = (value / Math.sqrt(mean + EPS)) * weight[i]
    })
  }
  for (let token = 0; token < qkv.length; token += shape.stride) {
    for (let i = 0; i < shape.qVectors; i++) norm(token + i * shape.qLen, q)
    for (let i = 0; i < shape.kVectors; i++) norm(token + shape.kOffset + i * shape.kLen, k)
  }
  return out
}

describe('qk-norm', () => {
  it.each([
    ['heads', { stride: 80, kOffset: 48, qVectors: 3, kVectors: 1, qLen: 16, kLen: 16 }, 5],
    ['wide heads', { stride: 600, kOffset: 384, qVectors: 4, kVectors: 1, qLen: 96, kLen: 96 }, 3],
    ['all heads together', { stride: 256, kOffset: 160, qVectors: 1, kVectors: 1, qLen: 144, kLen: 48 }, 4],
    ['heads of many tokens', { stride: 24, kOffset: 16, qVectors: 2, kVectors: 1, qLen: 8, kLen: 8 }, 25000],
  ])('norms %s and touches nothing else', async (_, shape, numTokens) => {
    const { floats } = random(shape.stride)
    const [qkv, q, k] = [floats(numTokens * shape.stride), floats(shape.qLen), floats(shape.kLen)]
    const bench = await kernelBench()
    const buffer = bench.upload(qkv)
    const run = qkNorm(bench, shape, EPS, { qkv: buffer, qWeight: bench.upload(q), kWeight: bench.upload(k) })
    await bench.ready()
    run(numTokens)
    const all = await bench.read(buffer, qkv.length)
    const expected = reference(qkv, q, k, shape)
    expectClose(all, expected, 1e-10)
    const other = (_: number, i: number) => expected[i] === qkv[i]
    expect(all.filter(other)).toEqual(qkv.filter(other))

    // the first token alone
    bench.gpu.device.queue.writeBuffer(buffer, 0, qkv)
    run(1)
    expect(await bench.read(buffer, shape.stride)).toEqual(all.slice(0, shape.stride))
  })
})
