import { expect } from 'vitest'

/** Normalised mean squared error: Σ(actual − expected)² / Σ expected², in f64. */
export function nmse(actual: ArrayLike<number>, expected: ArrayLike<number>): number {
  let error = 0
  let power = 0
  for (let i = 0; i < expected.length; i++) {
    error += (actual[i] - expected[i]) ** 2
    power += expected[i] ** 2
  }
  return power === 0 ? error : error / power
}

/** Checks every value for finiteness and the whole for its error. */
export function expectClose(actual: ArrayLike<number>, expected: ArrayLike<number>, bound: number): void {
  expect(actual.length).toBe(expected.length)
  expect(Array.from(actual).findIndex(value => !Number.isFinite(value))).toBe(-1)
  expect(nmse(actual, expected)).toBeLessThanOrEqual(bound)
}
