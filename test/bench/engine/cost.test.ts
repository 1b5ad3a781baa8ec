import { describe, expect, it } from 'vitest'
import { sum } from '../../../src/bench/common/work'
import { stepFloor } from '../../../src/bench/engine/decode-text'
import { alike, familyOf } from '../../../src/bench/engine/kernel-sum'
import { fitLine, percentile } from '../../../src/bench/engine/statistics'
import { medianOf, perStep, type Totals } from '../../../src/bench/engine/step-cost'

describe('a percentile', () => {
  it('lies between the two nearest values where it falls between', () => {
    expect(percentile([4, 1, 3, 2], 0.5)).toBe(2.5)
    expect(percentile([10, 20, 30], 0.75)).toBe(25)
  })

  it('of one value is that value, and the ends are the extremes', () => {
    expect(percentile([7], 0.99)).toBe(7)
    expect([percentile([3, 1, 2], 0), percentile([3, 1, 2], 1)]).toEqual([1, 3])
  })
})

describe('a fitted line', () => {
  it('goes through points that lie on one', () => {
    const points = [1, 2, 4].map(x => ({ x, y: 3 + 2 * x }))
    expect(fitLine(points)).toEqual({ slope: 2, intercept: 3, explained: 1 })
  })

  it('explains a part of what lies beside it', () => {
    // means 1 and 1; covariance 2/3 · 0.5 over variances 2/3 and 2/3
    const { slope, intercept, explained } = fitLine([
      { x: 0, y: 0 },
      { x: 1, y: 2 },
      { x: 2, y: 1 },
    ])
    expect([slope, intercept, explained]).toEqual([expect.closeTo(0.5), expect.closeTo(0.5), expect.closeTo(0.25)])
  })
})

describe('the cost of a step', () => {
  const busy = { schedule: 1, plan: 1, encode: 2, submit: 0.5, account: 0.25, deliver: 0.25 }
  const first: Totals = {
    ms: 10,
    steps: 1,
    busy,
    dispatches: 42,
    kvBytesRead: 100,
    uploadedBytes: 64,
  }
  const whole: Totals = {
    ms: 50,
    steps: 5,
    busy: { ...busy, plan: 5, encode: 10 },
    dispatches: 210,
    kvBytesRead: 900,
    uploadedBytes: 320,
  }

  it('is what a call takes more than another, by the steps that it has more', () => {
    expect(perStep(whole, first)).toMatchObject({
      ms: 10,
      dispatches: 42,
      kvBytesRead: 200,
      uploadedBytes: 64,
    })
  })

  it('is the sum of its phases: what is left over is waiting', () => {
    const { ms, phases } = perStep(whole, first)
    expect(phases).toEqual({ schedule: 0, plan: 1, encode: 2, submit: 0, account: 0, deliver: 0, wait: 7 })
    expect(sum(Object.values(phases))).toBe(ms)
  })

  it('of several runs is that of the median run, parts and all', () => {
    const costs = [30, 10, 20].map(ms => ({ ...perStep(whole, first), ms }))
    const ms = (cost: { readonly ms: number }) => cost.ms
    expect(medianOf(costs, ms)).toBe(costs[2])
    expect(medianOf(costs.slice(0, 2), ms)).toBe(costs[1])
  })
})

it.each([
  ['matmul-few:weights-q4:TOKENS=1', 'matrices'],
  ['attention-subgroup:kv-f16', 'attention'],
  ['merge-attention', 'attention'],
  ['rope-append:kv-f32', 'RoPE and append'],
  ['first-candidate', 'other kernels'],
])('%s counts among %s', (name, family) => {
  expect(familyOf(name)).toBe(family)
})

it('dispatches that differ in their buffers only are timed in turn, each of them once', () => {
  const [a, b] = ['a', 'b'].map(label => ({ label }) as GPUComputePipeline)
  const dispatch = (pipeline: GPUComputePipeline, offset: number, x: number) => {
    const bindGroup = {} as GPUBindGroup
    return { pipeline, bindGroup, offset, grid: [x, 1, 1] as const }
  }
  const step = [dispatch(a, 0, 1), dispatch(b, 0, 1), dispatch(a, 0, 1), dispatch(a, 256, 1), dispatch(a, 0, 2)]
  expect(alike(step)).toEqual([[step[0], step[2]], [step[1]], [step[3]], [step[4]]])
})

it('a step takes no less than its dispatches, bytes and operations', () => {
  const ceilings = { copy: [{ bytes: 1, bytesPerSecond: 1e6 }], flopsPerSecond: 1e6, chains: 1, dispatchMs: 0.5 }
  expect(stepFloor(ceilings, { bytes: 3000, flops: 1000, dispatches: 4 })).toEqual({ ms: 3, bound: 'memory' })
  expect(stepFloor(ceilings, { bytes: 1000, flops: 4000, dispatches: 4 })).toEqual({ ms: 4, bound: 'arithmetic' })
  expect(stepFloor(ceilings, { bytes: 1000, flops: 1000, dispatches: 4 })).toEqual({ ms: 2, bound: 'dispatch' })
})
