import { describe, expect, test } from 'vitest'
import { nextRun, PartLayout, type PartState } from '../../../src/loader/cache/parts'
import { random } from '../../support/random'

describe('the parts of a file', () => {
  test.each([0, 1, 2 ** 18, 2 ** 18 + 1, 7 ** 8, 2 ** 26, 270_000_000, 2 ** 31 + 5, 2 ** 36])(
    'of %d bytes are its bytes, once each',
    bytes => {
      const layout = new PartLayout(bytes)
      let sum = 0
      for (let part = 0; part < layout.numParts; part++) {
        expect(layout.begin(part)).toBe(sum)
        expect(layout.size(part)).toBeGreaterThan(0)
        sum += layout.size(part)
      }
      expect(sum).toBe(bytes)
    },
  )

  test('four of them are less than 2% of any file from 64 MiB on', () => {
    for (let bytes = 2 ** 26; bytes < 2 ** 36; bytes = Math.floor(bytes * 1.01)) {
      expect((4 * new PartLayout(bytes).partBytes) / bytes).toBeLessThan(0.02)
    }
  })
})

describe('the next run', () => {
  const states = (text: string) =>
    [...text].map((letter): PartState => (letter === '.' ? 'absent' : letter === 'c' ? 'coming' : 'stored'))

  test.each([
    ['.....', 0, 9, 9, [0, 5]],
    ['.....', 0, 9, 2, [0, 2]],
    ['.....', 0, 3, 9, [0, 3]],
    ['sc...', 0, 9, 9, [2, 5]],
    ['sc.s.', 0, 9, 9, [2, 3]],
    ['sc.s.', 3, 9, 9, [4, 5]],
    ['..sss', 2, 9, 9, [0, 2]],
    ['..sss', 2, 4, 9, [0, 1]],
    ['..sss', 2, 3, 9, undefined],
    ['ss...', 0, 2, 9, undefined],
    ['sscss', 0, 9, 9, undefined],
    ['', 0, 9, 9, undefined],
  ])('of %s from %d on, window %d, at most %d', (text, from, window, maxRun, expected) => {
    expect(nextRun(states(text), from, window, maxRun)).toEqual(expected && { first: expected[0], end: expected[1] })
  })

  test('asked for until there is none, any order of readers gets each part once', () => {
    for (let seed = 0; seed < 200; seed++) {
      const { int } = random(seed)
      const parts = Array.from({ length: int(1, 40) }, (): PartState => (int(0, 3) === 0 ? 'stored' : 'absent'))
      const wanted = parts.filter(state => state === 'absent').length
      let got = 0
      for (;;) {
        const run = nextRun(parts, int(0, parts.length), parts.length, int(1, 6))
        if (!run) break
        for (let part = run.first; part < run.end; part++) {
          expect(parts[part], `seed ${seed}`).toBe('absent')
          parts[part] = 'coming'
          got += 1
        }
      }
      expect(got, `seed ${seed}`).toBe(wanted)
    }
  })
})
