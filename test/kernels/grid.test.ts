import { expect, test } from 'vitest'
import { flatGrid } from '../../src/kernels/grid'

test('covers all workgroups, in dimensions that every device has', () => {
  expect(flatGrid(0)).toEqual([0, 0])
  for (const count of [1, 65_535, 65_536, 131_071, 1_000_003, 65_535 ** 2]) {
    const [columns, rows] = flatGrid(count)
    expect(Math.max(columns, rows)).toBeLessThanOrEqual(65_535)
    expect(columns * rows).toBeGreaterThanOrEqual(count)
    expect(columns * rows - count).toBeLessThan(rows)
  }
})
