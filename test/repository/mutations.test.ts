import { existsSync, readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { MUTATIONS } from '../../scripts/mutations.mjs'

it.each(MUTATIONS)('a mutation changes what stands once in $file: $find', ({ file, find, replace, test }) => {
  expect(readFileSync(file, 'utf8').split(find).length).toBe(2)
  expect(replace).not.toBe(find)
  expect(existsSync(test)).toBe(true)
})
