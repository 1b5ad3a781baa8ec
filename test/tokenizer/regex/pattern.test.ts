import { describe, expect, test } from 'vitest'
import { UnsupportedModel } from '../../../src/core/errors'
import { isLinear } from '../../../src/tokenizer/regex/is-linear'
import { Matcher } from '../../../src/tokenizer/regex/matcher'
import { parse } from '../../../src/tokenizer/regex/parse'
import { compilePattern } from '../../../src/tokenizer/regex/pattern'
import { compile } from '../../../src/tokenizer/regex/program'
import { toJavaScript } from '../../../src/tokenizer/regex/to-javascript'
import { splitter } from '../../../src/tokenizer/split-text'
import fixture from '../../fixtures/patterns.json'
import { PUBLISHED } from './published'

const patterns = Object.entries(fixture.patterns as Readonly<Record<string, string[][][] | null>>)

test.each(patterns)('%s cuts texts as Oniguruma does', (pattern, expected) => {
  const find = compilePattern(pattern)
  const ways = ['Removed', 'Isolated'].map(behavior => splitter(find, behavior))
  expect(fixture.texts.map(text => ways.map(way => way(text)))).toEqual(expected)
})

test("what JavaScript's engine runs, ours finds too", () => {
  const linear = patterns.map(([pattern]) => pattern).filter(pattern => isLinear(parse(pattern)))
  expect(linear.length).toBeGreaterThan(60)
  for (const pattern of linear) {
    const root = parse(pattern)
    const expression = new RegExp(toJavaScript(root), 'yv')
    const program = compile(root, pattern)
    for (const text of fixture.texts) {
      const matcher = new Matcher(program, text)
      for (let index = 0; index <= text.length; index++) {
        if (/[\udc00-\udfff]/.test(text[index] ?? '')) continue
        expression.lastIndex = index
        const own = expression.exec(text)
        expect(matcher.endAt(index)).toBe(own ? index + own[0].length : undefined)
      }
    }
  }
})

describe('time', () => {
  const HARD = [
    ' '.repeat(100_000),
    'a'.repeat(100_000),
    'A'.repeat(100_000),
    ' \n'.repeat(50_000),
    '!'.repeat(100_000),
  ]
  const count = (pattern: string, text: string) => [...compilePattern(pattern)(text)].length

  test.each(PUBLISHED)("the published pattern of %s is run by JavaScript's engine", (_, pattern) => {
    expect(isLinear(parse(pattern))).toBe(true)
    // were one of these quadratic, this would take minutes
    for (const text of HARD) expect(count(pattern, `${text}x`)).toBeGreaterThan(0)
  })

  test.each([
    ['(a+)+b', 0],
    ['(a|a)*b', 0],
    ['(a|aa)+$', 1],
    ['\\s+$', 0],
    ['\\s++$', 0],
    ['(.*)(.*)(.*)x', 0],
    ['(?=.*x)a|.', 40_001],
  ])('%s, which would backtrack for hours, takes time proportional to the text', (pattern, numMatches) => {
    const text = pattern.includes('s+') ? ' '.repeat(40_000) : 'a'.repeat(40_000)
    expect(count(pattern, pattern === '(a|aa)+$' ? text : `${text}c`)).toBe(numMatches)
  })
})

test.each([
  ['\\G', '\\G'],
  ['\\Ka', '\\K'],
  ['\\X', '\\X'],
  ['(a)\\1', '\\1'],
  ['(?<n>a)\\k<n>', '\\k'],
  ['(?~a)', '(?~a'],
  ['(?x: a )', '(?x:'],
  ['(?(1)a)', '(?(1'],
  ['(a*)*', 'after what may be nothing'],
  ['(?<=a+)b', 'looks back without bound'],
  ['\\p{Klingon}', '\\p{Klingon}'],
  ['[[:klingon:]]', '[:klingon:]'],
  ['(?i:ss)', 'ss in any case'],
  ['a{9999}', 'repetitions go up to 1000'],
  ['(?:a{1000}){1000}', 'over 4096 instructions'],
  ['(', 'group'],
  ['a)', 'unmatched'],
  ['[a', 'end'],
  ['('.repeat(100), 'more than 32 groups'],
  ['['.repeat(100), 'more than 32 classes'],
  ['a'.repeat(20_000), '20000 characters, above the limit of 16384'],
])('a pattern that we cannot run is refused by name: case %#', (pattern, name) => {
  expect(() => compilePattern(pattern)).toThrow(UnsupportedModel)
  expect(() => compilePattern(pattern)).toThrow(name)
})
