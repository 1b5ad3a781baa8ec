import { createHash } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { InvalidRequest } from '../../src/core/errors'
import { Tokenizer } from '../../src/tokenizer/tokenizer'
import fixture from '../fixtures/tokenizers.json'
import { CORPUS, DECOMPOSED, ILL_FORMED } from './corpus'
import { kinds } from './kinds'

const TEXTS = [...CORPUS, ...DECOMPOSED]
const hashOf = (ids: readonly number[]) => createHash('sha256').update(ids.join()).digest('hex').slice(0, 8)

describe.each(kinds)('$name', ({ name, json, config, normalize = text => text }) => {
  const tokenizer = new Tokenizer(json, config)

  test("texts become the tokens of the format's own implementation", () => {
    const expected = (fixture as Readonly<Record<string, readonly string[]>>)[name]
    const wrong = TEXTS.filter((text, index) => hashOf(tokenizer.encode(text)) !== expected[index])
    expect(wrong).toEqual([])
    expect(expected).toHaveLength(TEXTS.length)
  })

  // null: tokenizers of this kind lose text by design
  test.skipIf(normalize === null)('texts survive encoding and decoding', () => {
    for (const text of TEXTS) {
      const ids = tokenizer.encode(text, { addSpecialTokens: false })
      expect(tokenizer.decode(ids, { skipSpecialTokens: false })).toBe(normalize?.(text))
      expect(tokenizer.encode(text, { addSpecialTokens: false })).toEqual(ids)
    }
  })

  test('halves of characters are read as U+FFFD', () => {
    for (const text of ILL_FORMED) {
      expect(tokenizer.encode(text)).toEqual(tokenizer.encode(new TextDecoder().decode(new TextEncoder().encode(text))))
    }
  })
})

test('a word of more tokens than the library can pass on is an invalid request', () => {
  const tokenizer = new Tokenizer(kinds.find(({ name }) => name === 'Unigram')?.json ?? {})
  expect(() => tokenizer.encode('ab'.repeat(200_000))).toThrow(InvalidRequest)
})

test('a long text without a place to split is not searched again from each of its characters', () => {
  const gemma = kinds.find(({ name }) => name === 'Gemma')?.json ?? {}
  // were it so, this would take minutes
  expect(
    new Tokenizer({ ...gemma, model: { type: 'BPE', vocab: { a: 0 }, merges: [] } }).encode('a'.repeat(300_000)),
  ).toHaveLength(300_001)
})
