import { describe, expect, test } from 'vitest'
import { mostCharacters } from '../../src/tokenizer/longest-token'
import { runnableJson } from '../../src/tokenizer/runnable-json'
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
    expect(Number.isFinite(mostCharacters(runnableJson(json, config), config))).toBe(!LOSING.includes(name))
    expect(tokenizer.minTokens('a'.repeat(1_000_000)) > 0).toBe(!LOSING.includes(name))
  })
})

test('an added token that takes away white space makes a text of any length nothing', () => {
  const { json } = kinds[0]
  const added = [...(json.added_tokens as object[]), { ...special('<|user|>', 900), rstrip: true }]
  expect(mostCharacters({ ...json, added_tokens: added }, {})).toBe(Number.POSITIVE_INFINITY)
})

test('a long added token counts', () => {
  const { json } = kinds[0]
  const added = [...(json.added_tokens as object[]), special('x'.repeat(500), 900)]
  expect(mostCharacters({ ...json, added_tokens: added }, {})).toBe(500)
})
