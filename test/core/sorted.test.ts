import { expect, test } from 'vitest'
import { sorted } from '../../src/core/sorted'
import { atOnce } from '../../src/core/work'
import { random } from '../support/random'

test.each([0, 1, 2, 5000, 30_000])(
  '%i values are in the order that toSorted gives them, equal ones as they came',
  length => {
    const { int } = random(length)
    const values = Array.from({ length }, (_, at) => ({ at, key: int(0, 1000) }))
    const byKey = (a: { readonly key: number }, b: { readonly key: number }) => a.key - b.key
    expect(atOnce(sorted(values, byKey))).toEqual(values.toSorted(byKey))
  },
)

test('very many values are sorted with pauses between', () => {
  const work = sorted(
    Array.from({ length: 100_000 }, (_, at) => (at * 7919) % 100_003),
    (a, b) => a - b,
  )
  let numPauses = 0
  while (!work.next().done) numPauses++
  expect(numPauses).toBeGreaterThan(1000)
})
