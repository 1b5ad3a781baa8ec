import { describe, expect, test } from 'vitest'
import { tokenBytes } from '../../src/tokenizer/token-bytes'
import { Tokenizer } from '../../src/tokenizer/tokenizer'
import { random } from '../support/random'
import { CORPUS } from './corpus'
import { kinds } from './kinds'
import { byteLevel, sentencePiece } from './tokenizers'

/** The bytes of each of a text's tokens. */
function bytesOf(tokenizer: Tokenizer, ids: readonly number[]): number[][] {
  let previous: number | undefined
  return ids.map(id => {
    const bytes = tokenBytes(tokenizer, id, previous)
    if (tokenizer.isVisible(id)) previous = id
    return [...bytes]
  })
}

const textOf = (bytes: number[][]) =>
  new TextDecoder('utf-8', { ignoreBOM: true }).decode(Uint8Array.from(bytes.flat()))

describe.each(kinds)('$name', ({ json, config }) => {
  const tokenizer = new Tokenizer(json, config)

  test('the bytes of a text’s tokens, joined, are the text’s', () => {
    for (const text of CORPUS) {
      const ids = tokenizer.encode(text)
      const whole = tokenizer.decode(ids)
      expect(textOf(bytesOf(tokenizer, ids))).toBe(whole)
      if (!whole.includes('\ufffd')) expect(bytesOf(tokenizer, ids).flat()).toEqual([...Buffer.from(whole)])
    }
  })

  test('the bytes of any tokens are those of what they decode to', () => {
    const seed = Date.now() % 1e6
    const { int } = random(seed)
    for (let round = 0; round < 50; round++) {
      const ids = Array.from({ length: int(0, 40) }, () => int(0, tokenizer.vocabSize + 5))
      expect(textOf(bytesOf(tokenizer, ids)), `seed ${seed}: ${ids}`).toBe(tokenizer.decode(ids))
    }
  })
})

// each once said [239, 191, 189], the replacement character
test('each part of a split emoji says its own bytes', () => {
  expect(bytesOf(byteLevel, byteLevel.encode('🌱'))).toEqual([[0xf0], [0x9f], [0x8c], [0xb1]])
  expect(bytesOf(sentencePiece, sentencePiece.encode('x🌱')).filter(bytes => bytes.length > 0)).toEqual([
    [0x78],
    [0xf0],
    [0x9f],
    [0x8c],
    [0xb1],
  ])
})

test('a space belongs to the word after it, but for that of the first', () => {
  const the = sentencePiece.tokenId('▁the') ?? 0
  expect(bytesOf(sentencePiece, [the, the]).map(bytes => String.fromCharCode(...bytes))).toEqual(['the', ' the'])
})
