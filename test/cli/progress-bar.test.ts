import { expect, it } from 'vitest'
import { progressBar, progressLine } from '../../src/cli/progress-bar'

const at = (done: number, total: number, elapsedMs = 1000, decodeTokens = 100) =>
  progressLine({ done, total, elapsedMs, decodeTokens })

it('a line says how much is done, how fast, and how long the rest takes at this rate', () => {
  expect(at(10, 30, 2000)).toBe(`${'█'.repeat(10)}${'░'.repeat(20)} 10/30  50 tok/s  ETA 4 s`)
})

it.each([
  [0, 4, 0, '0/4  0 tok/s  ETA –'],
  [4, 4, 1000, '4/4  100 tok/s  ETA 0 s'],
  [0, 0, 0, '0/0  0 tok/s  ETA –'],
  [1, 2, 59_000, 'ETA 59 s'],
  [1, 2, 60_000, 'ETA 1 min 0 s'],
  [1, 2, 125_000, 'ETA 2 min 5 s'],
  // once "1 min 60 s"
  [1, 2, 119_500, 'ETA 2 min 0 s'],
  [1, 2, 59_500, 'ETA 1 min 0 s'],
])('at %i of %i after %i ms it ends in a sensible %s', (done, total, elapsedMs, end) => {
  expect(at(done, total, elapsedMs).endsWith(end)).toBe(true)
})

it('the bar is empty at first, full at the end, and always as wide', () => {
  for (let done = 0; done <= 7; done++) expect(at(done, 7).indexOf(' ')).toBe(30)
  expect(at(0, 7)).not.toContain('█')
  expect(at(7, 7)).not.toContain('░')
})

/** What is written while 100 requests finish one by one. */
function written(isTTY: boolean): string[] {
  const writes: string[] = []
  const stream = { isTTY, write: (text: string) => writes.push(text) > 0 }
  const show = progressBar(stream)
  for (let done = 1; done <= 100; done++) show({ done, total: 100, decodeTokens: done, elapsedMs: done })
  return writes
}

it('a terminal sees one line drawn over and over, ended once', () => {
  const writes = written(true)
  expect(writes).toHaveLength(100)
  expect(writes.every(text => text.startsWith('\r'))).toBe(true)
  expect(writes.filter(text => text.endsWith('\n'))).toEqual([writes[99]])
})

it('a log file gets a line every tenth', () => {
  const writes = written(false)
  expect(writes).toHaveLength(10)
  expect(writes.every(text => text.endsWith('\n') && !text.includes('\r'))).toBe(true)
})

// kernels compiled and prompts read once, before the first answer, were once taken for part of each
it('the time left leaves out what came before the first answer', () => {
  const writes: string[] = []
  const show = progressBar({ isTTY: true, write: (text: string) => writes.push(text) > 0 })
  const total = 103
  show({ done: 2, total, decodeTokens: 0, elapsedMs: 5000 })
  show({ done: 3, total, decodeTokens: 10, elapsedMs: 60_000 })
  show({ done: 13, total, decodeTokens: 110, elapsedMs: 61_000 })
  expect(writes.map(text => /ETA (–|\d+ s)/.exec(text)?.[1])).toEqual(['–', '–', '9 s'])
})
