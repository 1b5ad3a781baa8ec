import { describe, expect, test } from 'vitest'
import { blocksFor } from '../../src/core/block'
import { type Lifetime, peakBlocks } from '../../src/scheduler/peak-blocks'
import { forEachSeed } from '../support/for-each-seed'
import type { Random } from '../support/random'

/** Steps through time: everyone waits as long as `hold` says before each token, grows by one, and leaves when full. */
function simulatedPeak(lifetimes: readonly Lifetime[], lateness: readonly number[] = lifetimes.map(() => 0)): number {
  let peak = 0
  const lastStep = Math.max(...lifetimes.map((life, index) => life.maxTokens - life.numTokens + lateness[index]))
  for (let step = 0; step <= lastStep; step++) {
    let used = 0
    lifetimes.forEach(({ numTokens, maxTokens, numShared, mostBlocks }, index) => {
      const end = maxTokens - numTokens + lateness[index]
      const grown = Math.max(0, step - lateness[index])
      const numBlocks = blocksFor(Math.min(maxTokens, numTokens + grown)) - numShared
      if (step <= end) used += Math.min(numBlocks, mostBlocks)
    })
    peak = Math.max(peak, used)
  }
  return peak
}

function randomLifetimes(random: Random, maxDelay: number): Lifetime[] {
  return Array.from({ length: random.int(1, 12) }, () => {
    const numTokens = random.int(1, 90)
    return {
      numTokens,
      maxTokens: numTokens + random.int(0, 90),
      numShared: random.int(0, blocksFor(numTokens)),
      mostBlocks: random.next() < 0.5 ? Number.POSITIVE_INFINITY : random.int(1, 8),
      delay: random.int(0, maxDelay + 1),
    }
  })
}

describe('peakBlocks', () => {
  test('is the 5 blocks of the example in its file', () => {
    const alone = { numShared: 0, mostBlocks: Number.POSITIVE_INFINITY, delay: 0 }
    const long = { ...alone, numTokens: 30, maxTokens: 64 }
    const short = { ...alone, numTokens: 10, maxTokens: 20 }
    expect([[long], [short], [long, short]].map(each => peakBlocks(each))).toEqual([4, 2, 5])
  })

  test('is the peak that stepping through time finds', () => {
    forEachSeed(500, random => {
      const lifetimes = randomLifetimes(random, 0)
      expect(peakBlocks(lifetimes)).toBe(simulatedPeak(lifetimes))
    })
  })

  test('is never exceeded, however late anyone is up to his delay', () => {
    forEachSeed(500, random => {
      const lifetimes = randomLifetimes(random, 20)
      const late = lifetimes.map(({ delay }) => random.int(0, delay + 1))
      expect(simulatedPeak(lifetimes, late)).toBeLessThanOrEqual(peakBlocks(lifetimes))
    })
  })

  test('is nothing for nobody, and all for one that never leaves', () => {
    expect(peakBlocks([])).toBe(0)
    const forever = { numTokens: 40, maxTokens: 40, numShared: 1, mostBlocks: 9, delay: 2 ** 40 }
    const brief = { numTokens: 10, maxTokens: 30, numShared: 0, mostBlocks: 9, delay: 0 }
    const windowed = { numTokens: 60, maxTokens: 300, numShared: 0, mostBlocks: 3, delay: 0 }
    expect(peakBlocks([forever, brief])).toBe(2 + 2)
    expect(peakBlocks([forever, brief, windowed])).toBe(2 + 2 + 3)
  })
})
