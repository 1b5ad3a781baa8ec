import { describe, expect, it } from 'vitest'
import { bestCeilings, copyRateFor, floorOf } from '../../../src/bench/kernels/ceilings'
import { difference } from '../../../src/bench/kernels/check'
import type { Fixture } from '../../../src/bench/kernels/fixture'
import { contest } from '../../../src/bench/kernels/run'
import { type Selection, select } from '../../../src/bench/kernels/select'
import { measureInTurn, pairedRatio, type Timer } from '../../../src/bench/kernels/timing'

describe('the check of an output', () => {
  const expected = [1, -2, 3, 0]
  const check = (actual: readonly number[]) => difference(actual, i => expected[i], 0.01)

  it('lets pass what is off by no more than a part of the root mean square', () => {
    expect(check(expected)).toBeUndefined()
    expect(check([1.01, -2.01, 2.99, 0.01])).toBeUndefined()
  })

  it.each([
    ['one that is off', [1, -2, 3.1, 0], /output 2 is 3\.1 and should be 3/],
    ['no number', [Number.NaN, -2, 3, 0], /output 0 is NaN/],
    ['infinity', [1, -2, 3, Number.POSITIVE_INFINITY], /output 3 is Infinity/],
    ['one that was never written', [1, 0, 3, 0], /output 1 is 0 and should be -2/],
  ])('finds %s', (_, actual, message) => {
    expect(check(actual)).toMatch(message)
  })
})

describe('a contest', () => {
  const name = { kernel: 'k', part: 'p', format: 'f32', model: 'm', rows: 1, variant: 'v' }
  const timer = { findRuns: async () => 3, batch: async () => 2 } as unknown as Timer
  const untimed = {
    findRuns: () => Promise.reject(new Error('it was timed')),
    batch: () => Promise.reject(new Error('it was timed')),
  } as unknown as Timer

  function contestant(check: () => Promise<string | undefined>) {
    const released: boolean[] = []
    const gpu = { settled: async () => undefined, throwIfLost: () => undefined }
    const fixture = { gpu, release: () => released.push(true), forgetKernels: () => undefined } as unknown as Fixture
    return {
      contestant: { name, kernel: { prepare: () => ({ begin: () => () => undefined, check }) }, fixture },
      released,
    }
  }

  it('times kernels whose output is right, and frees what they took', async () => {
    const { contestant: right, released } = contestant(async () => undefined)
    expect(await contest([right, right], timer, 2)).toEqual({
      times: [
        [2, 2],
        [2, 2],
      ],
      failures: [],
    })
    expect(released).toEqual([true, true])
  })

  it.each([
    ['is wrong', async () => 'output 3 is off', 'output 3 is off'],
    ['does not come', () => Promise.reject(new Error('it does not compile')), 'Error: it does not compile'],
  ])('times nothing where an output %s', async (_, check, message) => {
    const { contestant: right } = contestant(async () => undefined)
    const { contestant: wrong, released } = contestant(check)
    expect(await contest([right, wrong], untimed, 2)).toEqual({ times: [], failures: [{ ...name, message }] })
    expect(released).toEqual([true])
  })

  it('kernels take turns, and the order turns too', async () => {
    const order: string[] = []
    const batch = async ({ begin }: { begin: () => unknown }) => order.push(String(begin()))
    const kernels = ['a', 'b'].map(each => ({ begin: () => each as unknown as () => void }))
    await measureInTurn({ findRuns: async () => 1, batch } as unknown as Timer, kernels, 3)
    expect(order.join('')).toBe('abbaab')
  })
})

it('a ratio is that of the medians, and spreads as the ratios of the rounds do', () => {
  expect(pairedRatio([2, 4, 12], [2, 2, 3])).toEqual({ median: 2, min: 1, max: 4 })
})

describe('ceilings', () => {
  const ceilings = {
    copy: [
      { bytes: 100, bytesPerSecond: 4000 },
      { bytes: 1000, bytesPerSecond: 1000 },
    ],
    flopsPerSecond: 10_000,
    chains: 3,
    dispatchMs: 1,
  }

  it('a working set is copied as fast as the next larger one that was measured', () => {
    expect([50, 100, 101, 5000].map(bytes => copyRateFor(ceilings, bytes))).toEqual([4000, 4000, 1000, 1000])
  })

  it('of two measurements the better counts, figure by figure', () => {
    const other = {
      copy: [
        { bytes: 100, bytesPerSecond: 3000 },
        { bytes: 1000, bytesPerSecond: 2000 },
      ],
      flopsPerSecond: 20_000,
      chains: 4,
      dispatchMs: 2,
    }
    const best = bestCeilings(ceilings, other)
    expect(best.copy.map(({ bytesPerSecond }) => bytesPerSecond)).toEqual([4000, 2000])
    expect(best).toMatchObject({ flopsPerSecond: 20_000, chains: 4, dispatchMs: 1 })
  })

  it('the floor is what takes longest of memory, arithmetic and the dispatch', () => {
    expect(floorOf(ceilings, { bytes: 100, flops: 10 }, 1)).toEqual({ ms: 25, bound: 'memory' })
    expect(floorOf(ceilings, { bytes: 100, flops: 10 }, 10)).toEqual({ ms: 100, bound: 'memory' })
    expect(floorOf(ceilings, { bytes: 100, flops: 500 }, 1)).toEqual({ ms: 50, bound: 'arithmetic' })
    expect(floorOf(ceilings, { bytes: 1, flops: 1 }, 1)).toEqual({ ms: 1, bound: 'dispatch' })
  })
})

describe('the selection', () => {
  const common = { kernel: 'matmul', model: 'smol-1b', rows: 1, work: { bytes: 1, flops: 1 }, copies: 1 }
  const prepare = () => ({ begin: () => () => undefined, check: async () => undefined })
  const cases = ['f16', 'q4'].flatMap(format =>
    ['one', 'two'].map(variant => {
      const is = { isChosen: variant === 'one', isUsual: format === 'f16' }
      return { ...common, ...is, part: 'qkv 9×5', format, variant, prepare }
    }),
  )
  const names = (selection: Partial<Selection>) =>
    select(cases, { words: [], all: false, ...selection }).map(({ format, variant }) => `${format} ${variant}`)

  it('has the usual cases by the variant that the engine takes, and all of them if asked', () => {
    expect(names({})).toEqual(['f16 one'])
    expect(names({ all: true })).toHaveLength(4)
  })

  it('leaves of all cases what a filter says, by the variant that the engine takes or those that are named', () => {
    expect(names({ kernels: ['matmul'] })).toEqual(['f16 one', 'q4 one'])
    expect(names({ formats: ['q4'], variants: ['two'] })).toEqual(['q4 two'])
    expect(names({ formats: ['q4'], all: true })).toEqual(['q4 one', 'q4 two'])
    expect(names({ rows: [2] })).toEqual([])
  })

  it('knows words by their beginnings', () => {
    expect(names({ words: ['mat', 'qkv', 'q4', 'smol'] })).toEqual(['q4 one'])
    expect(names({ words: ['smol-1b', 'one', 'f16'] })).toEqual(['f16 one'])
  })

  it.each<[Partial<Selection>, string]>([
    [{ words: ['mat', 'kv'] }, 'The word kv is none of 9×5, f16, matmul, one, q4, qkv, smol-1b, two.'],
    [{ kernels: ['matmul', 'mat'] }, 'The kernel mat is none of matmul.'],
    [{ shapes: ['gpt'] }, 'The shape gpt is none of smol-1b.'],
    [{ formats: ['q5'] }, 'The format q5 is none of f16, q4.'],
    [{ variants: ['one', 'three'] }, 'The variant three is none of one, two.'],
  ])('refuses what it does not know: %j', (selection, message) => {
    expect(() => names(selection)).toThrow(message)
  })
})
