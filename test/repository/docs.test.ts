import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { expect, test } from 'vitest'
import { LIBRARY_PARTS, libraryTable } from '../../src/cli/library-parts'

test('the table of the library’s files in docs is what the build holds them to', () => {
  expect(readFileSync('docs/api.md', 'utf8')).toContain(`\n${libraryTable()}\n`)
})

test('what a page loads at once is at most 100 KiB', () => {
  const first = LIBRARY_PARTS.filter(({ loaded }) => loaded === 'at once')
  expect(first.reduce((sum, { maxKib }) => sum + maxKib, 0)).toBeLessThanOrEqual(100)
})

test('what a page loads whose engine is in a worker is at most 10 KiB, and no shader', () => {
  const files = ['coppice-client.js', 'coppice-shared.js']
  const parts = LIBRARY_PARTS.filter(({ file }) => files.includes(file))
  expect(parts).toHaveLength(2)
  expect(parts.reduce((sum, { maxKib }) => sum + maxKib, 0)).toBeLessThanOrEqual(10)
})

test('the walk through the code that the README proposes is 8 files of 1,000 lines at most', () => {
  const readme = readFileSync('README.md', 'utf8')
  const [, walk] = readme.split('## Five minutes through the code')
  const steps = walk.slice(0, walk.indexOf('\nFrom there'))
  const files = ['README.md', ...[...steps.matchAll(/\]\(([^)]+)\)/g)].map(match => match[1])]
  expect(files.length).toBeGreaterThan(5)
  expect(files.length).toBeLessThanOrEqual(8)
  const lines = files.map(file => readFileSync(file, 'utf8').trimEnd().split('\n').length)
  expect(lines.reduce((sum, count) => sum + count, 0)).toBeLessThanOrEqual(1000)
})

test('links between the documents and to files lead somewhere', () => {
  const documents = [
    'README.md',
    ...readdirSync('docs')
      .filter(name => name.endsWith('.md'))
      .map(name => `docs/${name}`),
  ]
  const links = documents.flatMap(file => {
    const found = readFileSync(file, 'utf8').matchAll(/\]\((?!https?:|#)([^)#\s]+)/g)
    return [...found].map(([, target]) => ({ file, target }))
  })
  expect(links.length).toBeGreaterThan(20)
  const dead = links.filter(({ file, target }) => !existsSync(join(dirname(file), target)))
  expect(dead).toEqual([])
})
