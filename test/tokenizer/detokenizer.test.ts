import { describe, expect, test } from 'vitest'
import { Detokenizer } from '../../src/tokenizer/detokenizer'
import { type DecodeOptions, Tokenizer } from '../../src/tokenizer/tokenizer'
import { random } from '../support/random'
import { CORPUS } from './corpus'
import { kinds } from './kinds'
import { byteLevel, sentencePiece } from './tokenizers'

/** The text of each push, then of the flush. */
function stream(tokenizer: Tokenizer, ids: readonly number[], options?: DecodeOptions): string[] {
  const detokenizer = new Detokenizer(tokenizer, options)
  return [...ids.map(id => detokenizer.push(id)), detokenizer.flush()]
}

describe.each(kinds)('$name', ({ json, config }) => {
  const tokenizer = new Tokenizer(json, config)

  test('a text comes in whole characters that never change again', () => {
    for (const text of CORPUS) {
      const ids = tokenizer.encode(text)
      const pieces = stream(tokenizer, ids)
      const whole = tokenizer.decode(ids)
      expect(pieces.join('')).toBe(whole)
      expect(pieces.every(piece => !/\p{Surrogate}/u.test(piece))).toBe(true)
      expect(pieces.join('').split('\ufffd')).toHaveLength(whole.split('\ufffd').length)
    }
  })

  test('any tokens in pieces are what decode gives: broken characters, special tokens, unknown ids', () => {
    const seed = Date.now() % 1e6
    const { int } = random(seed)
    // Mostly the bytes that begin and continue characters, whose order decides everything.
    const hard = [0xc3, 0xe6, 0x9c, 0xa8, 0xf0, 0x9f, 0x8c, 0xb1, 0xef, 0xbb, 0xbf, 0xbd, 0xff, 0x20, 0x41]
    const firstByte = tokenizer.tokenId('<0x00>') ?? 0
    for (let round = 0; round < 100; round++) {
      const ids = Array.from({ length: int(0, 80) }, () =>
        int(0, 4) === 0 ? int(0, tokenizer.vocabSize + 5) : firstByte + hard[int(0, hard.length)],
      )
      const options = { skipSpecialTokens: int(0, 2) === 0 }
      const pieces = stream(tokenizer, ids, options)
      expect(pieces.join(''), `seed ${seed}`).toBe(tokenizer.decode(ids, options))
    }
  })
})

test('a character is never split, and comes with its last byte', () => {
  expect(stream(byteLevel, [0xf0, 0x9f, 0x8c, 0xb1, 0x21])).toEqual(['', '', '', '🌱', '!', ''])
  const hearts = stream(byteLevel, byteLevel.encode('👩‍👩‍👧‍👦 木木'))
  expect(hearts.every(text => !/[\p{Surrogate}\ufffd]/u.test(text))).toBe(true)
})

test('a character that never completes is replaced at the end', () => {
  expect(stream(byteLevel, [0x61, 0xf0, 0x9f])).toEqual(['a', '', '', '\ufffd'])
})

test('the space before the first word is dropped, those before later words stay', () => {
  const the = sentencePiece.tokenId('▁the') ?? 0
  const space = sentencePiece.tokenId('▁') ?? 0
  expect(stream(sentencePiece, [the, the])).toEqual(['the', ' the', ''])
  expect(stream(sentencePiece, [space, the])).toEqual(['', ' the', ''])
  const many = Array.from({ length: 40 }, () => space)
  expect(stream(sentencePiece, many).join('')).toBe(' '.repeat(39))
})

test('a push decodes a bounded number of tokens', () => {
  let longest = 0
  const counting = {
    isVisible: () => true,
    decode: (ids: readonly number[]) => {
      longest = Math.max(longest, ids.length)
      return '\ufffd'.repeat(ids.length)
    },
  } as unknown as Tokenizer
  expect(stream(counting, new Array<number>(5000).fill(1)).join('')).toHaveLength(5000)
  expect(longest).toBeLessThan(20)
})
