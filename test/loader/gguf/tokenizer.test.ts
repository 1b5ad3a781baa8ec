import { describe, expect, test } from 'vitest'
import { CorruptCheckpoint, UnsupportedModel } from '../../../src/core/errors'
import { parseHeader } from '../../../src/loader/gguf/header'
import { ggufTokenizer } from '../../../src/loader/gguf/tokenizer'
import { Tokenizer } from '../../../src/tokenizer/tokenizer'
import { forEachSeed, pick } from '../../kv/for-each-seed'
import type { Random } from '../../support/random'
import { BEGIN_ID, byteLevelTokenizer, END_ID } from '../../support/seeded-tokenizer'
import { CORPUS, DECOMPOSED } from '../../tokenizer/corpus'
import { byteLevelKinds, type Kind, PIECES, sentencePieceJson, sentencePieceKinds } from '../../tokenizer/kinds'
import { sentencePiece, TEXTS } from '../../tokenizer/tokenizers'
import { trainMerges } from '../../tokenizer/train'
import { type TokenizerJson, tokenizerFields } from './seeded-gguf'
import { TINY, withFields } from './tiny-gguf'
import { BOOL, F32, type Field, I32, LIST, TEXT, U32, writeGguf } from './write-gguf'

function read(fields: readonly Field[]): Tokenizer {
  const { metadata } = parseHeader(writeGguf({ fields, tensors: [] }), 'model.gguf')
  const { tokenizer, tokenizerConfig } = ggufTokenizer(metadata)
  return new Tokenizer(tokenizer, tokenizerConfig)
}

describe('byte-level BPE', () => {
  /** Joins all of each word that the test looks at, wherever words do not keep it apart. */
  const MERGES: [string, string][] = [
    ['1', '2'],
    ['3', '4'],
    ['12', '34'],
    ['12', '3'],
    ["'", 'L'],
    ["'L", 'L'],
    ['(', 'a'],
    ['.', 'Ċ'],
  ]
  const withPre = (pre: string) => read(tokenizerFields(byteLevelTokenizer(300, MERGES), pre))
  const pieces = (pre: string, text: string) => {
    const tokenizer = withPre(pre)
    return tokenizer.encode(text).map(id => tokenizer.decode([id]))
  }

  const named = byteLevelKinds.filter(({ name }) => /^[\w-]+$/.test(name))

  test.each(named)('$name gives the tokens of its tokenizer.json', ({ name, json, normalize }) => {
    const own = new Tokenizer(json)
    const tokenizer = read([...tokenizerFields(withAddedTokens(json), name), ['tokenizer.ggml.bos_token_id', U32, 256]])
    for (const text of [...CORPUS, ...DECOMPOSED]) {
      const ids = own.encode(text)
      expect(tokenizer.encode(text)).toEqual(ids)
      expect(tokenizer.decode(ids)).toBe(own.decode(ids))
    }
    expect(normalize).not.toBeNull()
  })

  test.each([
    ['gpt-2', ['1234']],
    ['smollm', ['1', '2', '3', '4']],
    ['llama-bpe', ['123', '4']],
    ['qwen2', ['1', '2', '3', '4']],
  ])('%s makes words of digits in its own way', (pre, expected) => {
    expect(pieces(pre, '1234')).toEqual(expected)
  })

  test.each([
    ['gpt-2', ["'", 'L', 'L', '(', 'a', '.', '\n']],
    ['smollm', ["'", 'L', 'L', '(', 'a', '.', '\n']],
    ['llama-bpe', ["'LL", '(a', '.\n']],
    ['qwen2', ["'LL", '(a', '.\n']],
  ])('%s keeps contractions, brackets and line ends with their words, or not', (pre, expected) => {
    expect(pieces(pre, "'LL(a.\n")).toEqual(expected)
  })

  test('llama-bpe takes a word that is a token as it is, and begins with BOS', () => {
    const json = byteLevelTokenizer(300, [['a', 'b']])
    const tokens = {
      ...json,
      model: { ...json.model, vocab: { ...json.model.vocab, abc: 300 }, merges: json.model.merges },
    }
    const ids = (pre: string) => read([...tokenizerFields(tokens, pre), ['tokenizer.ggml.bos_token_id', U32, BEGIN_ID]])
    expect(ids('llama-bpe').encode('abc')).toEqual([BEGIN_ID, 300])
    expect(ids('gpt-2').encode('abc')).toEqual([258, 99])
  })

  test('BOS and EOS are added as the file says', () => {
    const fields = tokenizerFields(byteLevelTokenizer(300), 'gpt-2')
    const roles: Field[] = [
      ['tokenizer.ggml.bos_token_id', U32, BEGIN_ID],
      ['tokenizer.ggml.eos_token_id', U32, END_ID],
      ['tokenizer.ggml.add_bos_token', BOOL, true],
      ['tokenizer.ggml.add_eos_token', BOOL, true],
    ]
    const tokenizer = read([...fields, ...roles])
    expect(tokenizer.encode('A')).toEqual([BEGIN_ID, 65, END_ID])
    expect(tokenizer.encode('A', { addSpecialTokens: false })).toEqual([65])
    expect(tokenizer.specialTokens).toEqual({ bos_token: '<|begin|>', eos_token: '<|end|>' })
  })

  test('user-defined tokens are found in a text and stay in the decoded one', () => {
    const json = byteLevelTokenizer(300)
    const tokenizer = read(tokenizerFields({ ...json, added_tokens: [{ id: 299, special: false }] }, 'gpt-2'))
    expect(tokenizer.encode('a[299]')).toEqual([97, 299])
    expect(tokenizer.decode([97, 299])).toBe('a[299]')
  })

  test('a split of words that is not known is unsupported, by its name', () => {
    expect(() => withPre('poro-chat')).toThrow(UnsupportedModel)
    expect(() => withPre('poro-chat')).toThrow(
      /tokenizer.ggml.pre is "poro-chat"; supported are gpt-2, .*deepseek-v3\.$/,
    )
    expect(() => withPre('default')).toThrow('look for a newer file of the model.')
  })

  test('a merge of other than two tokens is corrupt', () => {
    const fields = tokenizerFields(byteLevelTokenizer(300), 'gpt-2').filter(([key]) => !key.endsWith('merges'))
    expect(() => read([...fields, ['tokenizer.ggml.merges', LIST, ['a b c'], TEXT]])).toThrow(CorruptCheckpoint)
  })
})

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
    const tokenizer = read(
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
    const tokenizer = read([...fieldsOf(trained), ['tokenizer.ggml.add_space_prefix', BOOL, addsSpace]])
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
      const tokenizer = read([...fieldsOf(pieces), ['tokenizer.ggml.add_space_prefix', BOOL, false]])
      const names = [...pieces.keys()]
      for (let count = 0; count < 50; count++) {
        const chars = text().join('')
        const ids = tokenizer.encode(chars.replaceAll('▁', ' '), { addSpecialTokens: false })
        expect(ids.map(id => names[id - TYPES.length])).toEqual(mergeByScore(chars, pieces))
      }
    })
  })

  test('merges are in the order of the tokenizer.json', () => {
    const { metadata } = parseHeader(writeGguf({ fields: fieldsOf(trained), tensors: [] }), 'model.gguf')
    const { merges } = ggufTokenizer(metadata).tokenizer.model as { merges: [string, string][] }
    expect(merges.map(pair => pair.join(' '))).toEqual(sentencePieceJson.model.merges)
  })

  test('neighbours whose union has the highest score are merged first, the leftmost of equals', () => {
    forEachSeed(300, random => {
      const pieces = randomPieces(random)
      const tokenizer = read([...fieldsOf(pieces), ['tokenizer.ggml.add_space_prefix', BOOL, false]])
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
    const tokenizer = read([...fieldsOf(pieces), ['tokenizer.ggml.add_space_prefix', BOOL, false]])
    expect(tokenizer.decode(tokenizer.encode('a a'))).toBe('a a')
    expect(tokenizer.encode('a a')).toEqual([1, 260, 259, 260])
    expect(tokenizer.decode(tokenizer.encode(' a'))).toBe(' a')
  })

  test("white space after Phi-3's markers belongs to them", () => {
    const fields = fieldsOf(new Map([['▁', -1]]))
    const ids = (architecture: string) => {
      const tokenizer = read([...fields, ['general.architecture', TEXT, architecture]])
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
    expect(() => read([...fieldsOf(new Map([['a', -1]])), field])).toThrow(UnsupportedModel)
  })

  test('pieces without an order are unsupported', () => {
    const pieces = ['a', 'b', 'ab', 'ba'].map((piece): [string, number] => [piece, -1000])
    expect(() => read(fieldsOf(new Map(pieces)))).toThrow('all pieces have the score -1000, so no order of merges.')
  })

  test('a piece so long that cutting it everywhere takes long is unsupported', () => {
    expect(() => read(fieldsOf(new Map([['a'.repeat(129), -1]])))).toThrow('token 259 has 129 characters, above 128.')
  })
})

/** The vocabulary with the added tokens in it, as a GGUF file lists them. */
function withAddedTokens(json: Kind['json']): TokenizerJson {
  const { added_tokens: added, model } = json as unknown as TokenizerJson
  const contents = added.map(token => [(token as { content?: string }).content, token.id])
  const vocab = { ...model.vocab, ...Object.fromEntries(contents) }
  return { added_tokens: added, model: { ...model, vocab } }
}

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

test('another kind of tokenizer is unsupported, by its name', () => {
  const { fields } = withFields(TINY, [['tokenizer.ggml.model', TEXT, 't5']])
  expect(() => read(fields)).toThrow(UnsupportedModel)
  expect(() => read(fields)).toThrow('tokenizer.ggml.model is "t5"; supported are gpt2 and llama.')
})

test('an id beyond the vocabulary is corrupt for the end of a text, and no token for padding', () => {
  const set = (role: string) => read(withFields(TINY, [[`tokenizer.ggml.${role}_token_id`, U32, 128]]).fields)
  expect(() => set('eos')).toThrow(CorruptCheckpoint)
  expect(set('padding').specialTokens).toEqual({ bos_token: '<s>', eos_token: '</s>', unk_token: '<unk>' })
})

test('two equal tokens, or an empty one that is found everywhere, are corrupt', () => {
  const change = (tokens: readonly string[]) =>
    read(withFields(TINY, [['tokenizer.ggml.tokens', LIST, tokens, TEXT]]).fields)
  expect(() => change(['<unk>', '<s>', '</s>', '<0x0A>', 'a', 'a', 'b', 'c'])).toThrow('tokens 4 and 5 are both "a".')
  expect(() => change(['<unk>', '', '</s>', '<0x0A>', 'a', 'd', 'b', 'c'])).toThrow(CorruptCheckpoint)
})
