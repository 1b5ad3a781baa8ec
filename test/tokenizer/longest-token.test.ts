import { describe, expect, test } from 'vitest'
import { Tokenizer } from '../../src/tokenizer/tokenizer'
import { CORPUS, DECOMPOSED } from './corpus'
import { special } from './kind'
import { kinds } from './kinds'

/** Of which a text's length says nothing: some of it may be lost, or be one token of many unknown characters. */
const LOSING = [
  'dbrx',
  'words, and the white space between them lost',
  'words of letters',
  'added tokens of all sorts',
  'Unigram',
]

describe.each(kinds)('$name', ({ name, json, config = {} }) => {
  test(`a text has ${LOSING.includes(name) ? 'any number of tokens' : 'no fewer tokens than its length says'}`, () => {
    const tokenizer = new Tokenizer(json, config)
    const texts = [...CORPUS, ...DECOMPOSED, ' '.repeat(5000), 'e\u0301'.repeat(500)]
    for (const text of texts) expect(tokenizer.encode(text).length).toBeGreaterThanOrEqual(tokenizer.minTokens(text))
    expect(tokenizer.minTokens('a'.repeat(1_000_000)) > 0).toBe(!LOSING.includes(name))
  })
})

const withToken = (token: object) => {
  const { json } = kinds[0]
  return new Tokenizer({ ...json, added_tokens: [...(json.added_tokens as object[]), token] })
}

test('an added token that takes away white space makes a text of any length nothing', () => {
  expect(withToken({ ...special('<|user|>', 900), rstrip: true }).minTokens('a'.repeat(1_000_000))).toBe(0)
})

test('a long added token counts', () => {
  expect(withToken(special('x'.repeat(200), 900)).minTokens('a'.repeat(1_000_000))).toBe(5000)
})
