import { expect, it } from 'vitest'
import { CustomIds } from '../../src/api/custom-ids'

it('a name given twice is an error of the later line', () => {
  const ids = new CustomIds()
  expect(ids.give('a', 1)).toBeUndefined()
  expect(ids.give('b', 2)).toBeUndefined()
  expect(ids.give('a', 9)?.message).toBe('Line 9: `custom_id` is "a", as in line 1 already.')
})

it('a generated name is none that a line gave itself, and never twice the same', () => {
  const ids = new CustomIds()
  for (const [index, id] of ['request-2', 'request-2-2', undefined].entries()) ids.give(id, index + 5)
  expect([1, 2, 2].map(line => ids.generate(line))).toEqual(['request-1', 'request-2-3', 'request-2-4'])
})
