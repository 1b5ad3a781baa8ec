import { describe, expect, it } from 'vitest'
import { InvariantViolation } from '../../src/core/assert'
import { Step } from '../../src/gpu/step'
import { STORAGE } from '../../src/gpu/usage'
import { kernelBench, testGpu } from '../support/gpu'
import { testKernels } from './shaders'

/** A step with a buffer of zeros and a call that makes y = y · factor + offset. */
async function affineBench() {
  const bench = await kernelBench()
  const y = bench.upload(new Float32Array(4))
  const call = testKernels(bench.gpu).get({ name: 'affine' }).bind(bench.step.arena, { y })
  await bench.ready()
  return { ...bench, y, call }
}

describe('one submit', () => {
  it('runs many dispatches in order, each on what the one before wrote', async () => {
    const { step, call, y, read } = await affineBench()
    let expected = 0
    for (let offset = 0; offset < 500; offset++) {
      step.dispatch(call, { n: 4, factor: 0.5, offset }, [1])
      expected = Math.fround(expected * 0.5 + offset)
    }
    expect(step.numDispatches).toBe(500)
    expect([...(await read(y, 4))]).toEqual(Array(4).fill(expected))
  })

  it('copies between dispatches see what ran before them and nothing after', async () => {
    const { step, call, y, output, read } = await affineBench()
    const seen = output(12)
    for (let round = 0; round < 3; round++) {
      step.dispatch(call, { n: 4, factor: 10, offset: 1 }, [1])
      step.copy(y, 0, seen, round * 16, 16)
    }
    expect([...(await read(seen, 12))]).toEqual([1, 1, 1, 1, 11, 11, 11, 11, 111, 111, 111, 111])
  })

  it('carries lists that shaders read from the arena', async () => {
    const { gpu, step, output, read, ready } = await kernelBench()
    const y = output(3)
    const call = testKernels(gpu).get({ name: 'list' }).bind(step.arena, { y, arena: step.arena })
    await ready()
    step.push([9, 9])
    const start = step.push([5, 6])
    const rest = step.reserve(1)
    expect([start, rest]).toEqual([2, 4])
    step.view(rest, 1).u32[0] = 7
    step.dispatch(call, { n: 3, factor: 2, offset: start }, [1])
    expect([...(await read(y, 3))]).toEqual([10, 12, 14])
  })

  it('with nothing in it uploads nothing', async () => {
    const step = new Step(await testGpu(), 16)
    step.submit()
    expect(step.uploadedBytes).toBe(0)
  })
})

describe('the arena', () => {
  it('holds equal parameters once, and others 256 bytes apart', async () => {
    const { step, call, y, read } = await affineBench()
    const params = { n: 4, factor: 1, offset: 1 }
    for (let i = 0; i < 5; i++) step.dispatch(call, params, [1])
    await read(y, 4)
    expect(step.uploadedBytes).toBe(16)
    step.dispatch(call, params, [1])
    step.dispatch(call, { ...params, offset: 2 }, [1])
    expect([...(await read(y, 4))]).toEqual([8, 8, 8, 8])
    expect(step.uploadedBytes).toBe(16 + 256 + 16)
  })

  it('starts empty after each submit', async () => {
    const step = new Step(await testGpu(), 16)
    expect(step.push([1, 2, 3])).toBe(0)
    expect(step.push([4])).toBe(3)
    step.submit()
    expect(step.push([5])).toBe(0)
    step.submit()
    expect(step.uploadedBytes).toBe(16 + 16)
  })

  it('refuses what does not fit, with the numbers', async () => {
    const gpu = await testGpu()
    const step = new Step(gpu, 7)
    expect(step.push([1, 2, 3, 4, 5, 6, 7, 8])).toBe(0)
    expect(() => step.push([9])).toThrow(InvariantViolation)
    expect(() => step.push([9])).toThrow('step arena: 8 + 1 words exceed 8')
    const y = gpu.createBuffer('y', 16, STORAGE)
    const call = testKernels(gpu).get({ name: 'affine' }).bind(step.arena, { y })
    await gpu.settled()
    expect(() => step.dispatch(call, { n: 1, factor: 1, offset: 0 }, [1])).toThrow(InvariantViolation)
  })
})

it.each([[[0]], [[4, 0]], [[4, 1, 0]]] as const)('a dispatch of %o workgroups is none', async grid => {
  const { step, call, y, read } = await affineBench()
  step.dispatch(call, { n: 4, factor: 1, offset: 1 }, grid)
  expect(step.numDispatches).toBe(0)
  expect([...(await read(y, 4))]).toEqual([0, 0, 0, 0])
  expect(step.uploadedBytes).toBe(0)
})
