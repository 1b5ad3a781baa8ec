import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { LIBRARY_PARTS, libraryTable } from '../../src/cli/library-parts'

test('the table of the library’s files in docs is what the build holds them to', () => {
  expect(readFileSync('docs/api.md', 'utf8')).toContain(`\n${libraryTable()}\n`)
})

test('what a page loads at once is at most 100 KiB', () => {
  const first = LIBRARY_PARTS.filter(({ loaded }) => loaded === 'at once')
  expect(first.reduce((sum, { maxKib }) => sum + maxKib, 0)).toBeLessThanOrEqual(100)
})
