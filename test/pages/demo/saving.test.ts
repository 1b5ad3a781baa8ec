import { expect, it } from 'vitest'
import { savingOf } from '../../../src/pages/demo/saving'

it('says how many times less there was to read', () => {
  expect(savingOf(31_000, 363)).toBe('85 times less to read')
  expect(savingOf(3_100_000, 363)).toBe('8,540 times less to read')
  expect(savingOf(96, 40)).toBe('2.4 times less to read')
})

it('says nothing where it was as much or more', () => {
  expect(savingOf(100, 100)).toBeUndefined()
  expect(savingOf(100, 120)).toBeUndefined()
  expect(savingOf(0, 0)).toBeUndefined()
})

it('says so where everything was there already', () => {
  expect(savingOf(100, 0)).toBe('Nothing left to read')
})
