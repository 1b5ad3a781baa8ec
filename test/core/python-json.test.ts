import { expect, test } from 'vitest'
import { CorruptCheckpoint } from '../../src/core/errors'
import { brief, parseJsonObject } from '../../src/core/json'
import { parsePythonJson } from '../../src/core/python-json'
import { forEachSeed, pick } from '../support/for-each-seed'
import type { Random } from '../support/random'

const parse = (text: string) => parsePythonJson(text, 'config.json')

test("Python's words for numbers are numbers, and in texts they are text", () => {
  expect(parse('{"a": NaN, "b": [Infinity, -Infinity], "NaN": "a Infinity, \\"-Infinity\\" NaN"}')).toEqual({
    a: Number.NaN,
    b: [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY],
    NaN: 'a Infinity, "-Infinity" NaN',
  })
})

test('with such a word anywhere the rest is read as JSON.parse reads it', () => {
  const value = (source: Random, depth: number): unknown => {
    const kind = source.int(0, depth > 3 ? 5 : 7)
    if (kind === 0) return pick(source, [null, true, false])
    if (kind === 1) return (source.next() - 0.5) * 10 ** source.int(-20, 20)
    if (kind === 2) return source.int(0, 1000) - 500
    if (kind < 5) return String.fromCharCode(...Array.from({ length: source.int(0, 6) }, () => source.int(0, 0xffff)))
    const members = Array.from({ length: source.int(0, 4) }, () => value(source, depth + 1))
    return kind === 5 ? members : Object.fromEntries(members.map(each => [`k${source.int(0, 9)}"\\`, each]))
  }
  forEachSeed(2000, source => {
    const expected = value(source, 0)
    const text = JSON.stringify(expected, null, pick(source, [undefined, 1, '\t', '\r\n']))
    expect(parse(`[NaN, ${text}]`)).toEqual([Number.NaN, JSON.parse(text)])
  })
})

test('a byte order mark is skipped, and of equal keys the last one counts', () => {
  expect(parse('\ufeff{"a": 1, "a": 2}')).toEqual({ a: 2 })
  expect(parse('{"a": NaN, "a": 2, "__proto__": 3}')).toEqual(JSON.parse('{"a": 2, "__proto__": 3}'))
})

test.each([
  ['{"a": 1} x', 'In line 1, column 10, the end should be, not "x".'],
  ['{"a": 1}\n{"b": 2}', 'In line 2, column 1, the end should be, not "{\\"b\\": 2}".'],
  ['{\n  "a": 1,\n}', 'In line 3, column 1, a key in quotes should be, not "}".'],
  ['{"a" 1}', 'In line 1, column 6, ":" should be'],
  ['[1 2]', 'In line 1, column 4, "," or "]" should be'],
  ['[1,]', 'In line 1, column 4, a value should be'],
  ['{"a": nan}', 'In line 1, column 7, a value should be, not "nan}".'],
  ['{"a": +Infinity}', 'column 7, a value should be'],
  ['{"a": 01}', 'column 8, "," or "}" should be'],
  ['{"a": .5}', 'column 7, a value should be'],
  ['{"a": "\n"}', 'column 7, a text with valid escapes and no control characters should be'],
  ['{"a": "b', "a text's closing quote should be, not the end."],
  ['{"a":', 'a value should be, not the end.'],
  ['', 'In line 1, column 1, a value should be, not the end.'],
])('%j is corrupt, and it says where', (text, message) => {
  expect(() => parse(text)).toThrow(CorruptCheckpoint)
  expect(() => parse(text)).toThrow(`config.json is not valid JSON (${text.length} characters). Download it again.`)
  expect(() => parse(text)).toThrow(message)
})

test('nesting beyond all files is corrupt, whichever parser meets it', () => {
  const nested = (depth: number, inner: string) => `${'[{"a":'.repeat(depth / 2)}${inner}${'}]'.repeat(depth / 2)}`
  for (const inner of ['1', 'NaN']) {
    expect(() => parse(nested(498, inner))).not.toThrow()
    for (const depth of [502, 1e6]) expect(() => parse(nested(depth, inner))).toThrow(CorruptCheckpoint)
  }
})

test('errors quote numbers that JSON has no word for', () => {
  expect([Number.NaN, Number.NEGATIVE_INFINITY, 0.5].map(brief)).toEqual(['NaN', '-Infinity', '0.5'])
  expect(() => parseJsonObject('NaN', 'config.json')).toThrow('config.json must hold a JSON object, but holds NaN.')
})
