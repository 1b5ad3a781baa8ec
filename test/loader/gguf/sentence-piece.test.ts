import { describe, expect, test } from 'vitest'
import { UnsupportedModel } from '../../../src/core/errors'
import { Tokenizer } from '../../../src/tokenizer/tokenizer'
import { forEachSeed, pick } from '../../support/for-each-seed'
import type { Random } from '../../support/random'
import { CORPUS, DECOMPOSED } from '../../tokenizer/corpus'
import { PIECES, sentencePieceJson, sentencePieceKinds } from '../../tokenizer/sentence-piece-kinds'
import { sentencePiece, TEXTS } from '../../tokenizer/tokenizers'
import { trainMerges } from '../../tokenizer/train'
import { readTokenizer, tokenizerFiles } from './read-tokenizer'
import { BOOL, F32, type Field, I32, LIST, TEXT, U32 } from './write-gguf'

describe('SentencePiece', () => {
  const BYTES = Array.from({ length: 256 }, (_, byte) => `<0x${byte.toString(16).toUpperCase().padStart(2, '0')}>`)
  const TYPES = [2, 3, 3, ...BYTES.map(() => 6)]

  function fieldsOf(pieces: ReadonlyMap<string, number>): Field[] {
    return [
      ['tokenizer.ggml.model', TEXT, 'llama'],
      ['tokenizer.ggml.tokens', LIST, ['<unk>', '<s>', '</s>', ...BYTES, ...pieces.keys()], TEXT],
      ['tokenizer.ggml.scores', LIST, [...TYPES.map(() => 0), ...pieces.values()], F32],
      ['tokenizer.ggml.token_type', LIST, [...TYPES, ...Array.from(pieces, () => 1)], I32],
      ['tokenizer.ggml.bos_token_id', U32, 1],
      ['tokenizer.ggml.eos_token_id', U32, 2],
      ['tokenizer.ggml.unknown_token_id', U32, 0],
    ]
  }

  test('a vocabulary with scores is the tokenizer.json that has the same merges', () => {
    const words = ['▁', '▁the', 'the', '▁木', 'a', 'b', 'x', '\ufffd', '▁▁', '.', '\n', 't', 'h', 'e', '木', 'th']
    const order = ['th', 'the', '▁the', '▁木', '▁▁']
    const tokenizer = readTokenizer(
      fieldsOf(new Map(words.map(word => [word, order.includes(word) ? -order.indexOf(word) : -9]))),
    )
    for (const text of [...TEXTS, '<s>the</s> the', '']) {
      expect(tokenizer.encode(text)).toEqual(sentencePiece.encode(text))
      expect(tokenizer.decode(tokenizer.encode(text))).toBe(sentencePiece.decode(sentencePiece.encode(text)))
    }
  })

  const trained = new Map(PIECES.map((piece, index) => [piece, -index]))

  test.each([
    ['Llama 2', true],
    ['Gemma', false],
  ])('%s gives the tokens of its tokenizer.json', (name, addsSpace) => {
    const own = new Tokenizer(sentencePieceKinds.find(kind => kind.name === name)?.json ?? {})
    const tokenizer = readTokenizer([...fieldsOf(trained), ['tokenizer.ggml.add_space_prefix', BOOL, addsSpace]])
    for (const text of [...CORPUS, ...DECOMPOSED]) {
      const ids = own.encode(text)
      expect(tokenizer.encode(text)).toEqual(ids)
      expect(tokenizer.decode(ids)).toBe(own.decode(ids))
    }
  })

  test('pieces that can be made in several ways are made as SentencePiece makes them', () => {
    const letters = [...'aaaabbbcde▁▁']
    forEachSeed(10, random => {
      const text = () => Array.from({ length: 30 }, () => pick(random, letters))
      const merges = trainMerges(Array.from({ length: 60 }, text), 120)
      const pieces = new Map([...new Set([...letters, ...merges.map(pair => pair.join(''))])].map((p, i) => [p, -i]))
      expect([...pieces.keys()].filter(piece => numCuts(piece, pieces) > 1).length).toBeGreaterThan(30)
      const tokenizer = readTokenizer([...fieldsOf(pieces), ['tokenizer.ggml.add_space_prefix', BOOL, false]])
      const names = [...pieces.keys()]
      for (let count = 0; count < 50; count++) {
        const chars = text().join('')
        const ids = tokenizer.encode(chars.replaceAll('▁', ' '), { addSpecialTokens: false })
        expect(ids.map(id => names[id - TYPES.length])).toEqual(mergeByScore(chars, pieces))
      }
    })
  })

  test('merges are in the order of the tokenizer.json', () => {
    const { merges } = tokenizerFiles(fieldsOf(trained)).tokenizer.model as { merges: [string, string][] }
    expect(merges.map(pair => pair.join(' '))).toEqual(sentencePieceJson.model.merges)
  })

  test('neighbours whose union has the highest score are merged first, the leftmost of equals', () => {
    forEachSeed(300, random => {
      const pieces = randomPieces(random)
      const tokenizer = readTokenizer([...fieldsOf(pieces), ['tokenizer.ggml.add_space_prefix', BOOL, false]])
      const text = Array.from({ length: 30 }, () => pick(random, LETTERS)).join('')
      const ids = tokenizer.encode(text, { addSpecialTokens: false })
      expect(ids.map(id => tokenizer.decode([id]))).toEqual(mergeByScore(text, pieces))
    })
  })

  test('without a space before texts, none is added and none is taken away', () => {
    const pieces = new Map([
      ['▁', -1],
      ['a', -2],
    ])
    const tokenizer = readTokenizer([...fieldsOf(pieces), ['tokenizer.ggml.add_space_prefix', BOOL, false]])
    expect(tokenizer.decode(tokenizer.encode('a a'))).toBe('a a')
    expect(tokenizer.encode('a a')).toEqual([1, 260, 259, 260])
    expect(tokenizer.decode(tokenizer.encode(' a'))).toBe(' a')
  })

  test("white space after Phi-3's markers belongs to them", () => {
    const fields = fieldsOf(new Map([['▁', -1]]))
    const ids = (architecture: string) => {
      const tokenizer = readTokenizer([...fields, ['general.architecture', TEXT, architecture]])
      return tokenizer.encode('</s>\n<s>\n', { addSpecialTokens: false })
    }
    const newline = [259, 3 + 10]
    expect(ids('llama')).toEqual([2, ...newline, 1, ...newline])
    expect(ids('phi3')).toEqual([2, 1, ...newline])
  })

  test.each<[string, Field]>([
    ['removes spaces', ['tokenizer.ggml.remove_extra_whitespaces', BOOL, true]],
    ['maps characters', ['tokenizer.ggml.precompiled_charsmap', LIST, [1], 0]],
  ])('a tokenizer that %s is unsupported', (_, field) => {
    expect(() => readTokenizer([...fieldsOf(new Map([['a', -1]])), field])).toThrow(UnsupportedModel)
  })

  test('pieces without an order are unsupported', () => {
    const pieces = ['a', 'b', 'ab', 'ba'].map((piece): [string, number] => [piece, -1000])
    expect(() => readTokenizer(fieldsOf(new Map(pieces)))).toThrow(
      'all pieces have the score -1000, so no order of merges.',
    )
  })

  test('a piece so long that cutting it everywhere takes long is unsupported', () => {
    expect(() => readTokenizer(fieldsOf(new Map([['a'.repeat(129), -1]])))).toThrow(
      'token 259 has 129 characters, above 128.',
    )
  })
})

const LETTERS = ['a', 'b', 'c', 'd']

/** Letters, and unions of two pieces that no other two pieces have: of those a list of pairs has only one order. */
function randomPieces(random: Random): ReadonlyMap<string, number> {
  const pieces = new Map(LETTERS.map((letter, index) => [letter, -100 - index]))
  for (let tries = 0; tries < 30; tries++) {
    const union = pick(random, [...pieces.keys()]) + pick(random, [...pieces.keys()])
    if (!pieces.has(union)) pieces.set(union, -random.int(0, 1_000_000) / 16)
    if ([...pieces.keys()].some(piece => numCuts(piece, pieces) > 1)) pieces.delete(union)
  }
  return pieces
}

function numCuts(piece: string, pieces: ReadonlyMap<string, number>): number {
  const cuts = Array.from({ length: piece.length - 1 }, (_, index) => index + 1)
  return cuts.filter(cut => pieces.has(piece.slice(0, cut)) && pieces.has(piece.slice(cut))).length
}

/** SentencePiece's BPE as its definition says. */
function mergeByScore(text: string, pieces: ReadonlyMap<string, number>): string[] {
  const symbols = [...text]
  for (;;) {
    let best = -1
    let bestScore = Number.NEGATIVE_INFINITY
    for (let i = 0; i + 1 < symbols.length; i++) {
      const score = pieces.get(symbols[i] + symbols[i + 1]) ?? Number.NEGATIVE_INFINITY
      if (score > bestScore) [best, bestScore] = [i, score]
    }
    if (best < 0) return symbols
    symbols.splice(best, 2, symbols[best] + symbols[best + 1])
  }
}
