import { describe, expect, test } from 'vitest'
import { CorruptCheckpoint, UnsupportedModel } from '../../../src/core/errors'
import { Tokenizer } from '../../../src/tokenizer/tokenizer'
import { BEGIN_ID, BYTE_CHARS, byteLevelTokenizer, END_ID } from '../../support/seeded-tokenizer'
import { byteLevelKinds } from '../../tokenizer/byte-level-kinds'
import { CORPUS, DECOMPOSED } from '../../tokenizer/corpus'
import type { Kind } from '../../tokenizer/kind'
import { readTokenizer } from './read-tokenizer'
import { type TokenizerJson, tokenizerFields } from './seeded-gguf'
import { TINY, withFields } from './tiny-gguf'
import { BOOL, type Field, LIST, TEXT, U32 } from './write-gguf'

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
  const withPre = (pre: string) => readTokenizer(tokenizerFields(byteLevelTokenizer(300, MERGES), pre))
  const pieces = (pre: string, text: string) => {
    const tokenizer = withPre(pre)
    return tokenizer.encode(text).map(id => tokenizer.decode([id]))
  }

  const named = byteLevelKinds.filter(({ name }) => /^[\w-]+$/.test(name))

  test.each(named)('$name gives the tokens of its tokenizer.json', ({ name, json, normalize }) => {
    const own = new Tokenizer(json)
    const tokenizer = readTokenizer([
      ...tokenizerFields(withAddedTokens(json), name),
      ['tokenizer.ggml.bos_token_id', U32, 256],
    ])
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
    const ids = (pre: string) =>
      readTokenizer([...tokenizerFields(tokens, pre), ['tokenizer.ggml.bos_token_id', U32, BEGIN_ID]])
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
    const tokenizer = readTokenizer([...fields, ...roles])
    expect(tokenizer.encode('A')).toEqual([BEGIN_ID, 65, END_ID])
    expect(tokenizer.encode('A', { addSpecialTokens: false })).toEqual([65])
    expect(tokenizer.specialTokens).toEqual({ bos_token: '<|begin|>', eos_token: '<|end|>' })
  })

  test('user-defined tokens are found in a text and stay in the decoded one', () => {
    const json = byteLevelTokenizer(300)
    const tokenizer = readTokenizer(tokenizerFields({ ...json, added_tokens: [{ id: 299, special: false }] }, 'gpt-2'))
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
    expect(() => readTokenizer([...fields, ['tokenizer.ggml.merges', LIST, ['a b c'], TEXT]])).toThrow(
      CorruptCheckpoint,
    )
  })
})

/** The vocabulary with the added tokens in it, as a GGUF file lists them. */
function withAddedTokens(json: Kind['json']): TokenizerJson {
  const { added_tokens: added, model } = json as unknown as TokenizerJson
  const contents = added.map(token => [(token as { content?: string }).content, token.id])
  const vocab = { ...model.vocab, ...Object.fromEntries(contents) }
  return { added_tokens: added, model: { ...model, vocab } }
}

test('another kind of tokenizer is unsupported, by its name', () => {
  const { fields } = withFields(TINY, [['tokenizer.ggml.model', TEXT, 't5']])
  expect(() => readTokenizer(fields)).toThrow(UnsupportedModel)
  expect(() => readTokenizer(fields)).toThrow('tokenizer.ggml.model is "t5"; supported are gpt2 and llama.')
})

test('an id beyond the vocabulary is corrupt for the end of a text, and no token for padding', () => {
  const set = (role: string) => readTokenizer(withFields(TINY, [[`tokenizer.ggml.${role}_token_id`, U32, 128]]).fields)
  expect(() => set('eos')).toThrow(CorruptCheckpoint)
  expect(set('padding').specialTokens).toEqual({ bos_token: '<s>', eos_token: '</s>', unk_token: '<unk>' })
})

test('two equal tokens, or an empty one that is found everywhere, are corrupt', () => {
  const change = (tokens: readonly string[]) =>
    readTokenizer(withFields(TINY, [['tokenizer.ggml.tokens', LIST, tokens, TEXT]]).fields)
  expect(() => change(['<unk>', '<s>', '</s>', '<0x0A>', 'a', 'a', 'b', 'c'])).toThrow('tokens 4 and 5 are both "a".')
  expect(() => change(['<unk>', '', '</s>', '<0x0A>', 'a', 'd', 'b', 'c'])).toThrow(CorruptCheckpoint)
})

test('without ids a file has those that llama.cpp takes for its kind of tokenizer', () => {
  const without = TINY.fields.filter(([key]) => !/ggml\.(bos|eos|unknown)_token_id/.test(key))
  const roles = { bos_token: '<s>', eos_token: '</s>', unk_token: '<unk>' }
  expect(readTokenizer(without).specialTokens).toEqual(roles)
  const byteLevel = tokenizerFields(byteLevelTokenizer(300), 'gpt-2')
  expect(readTokenizer(byteLevel).specialTokens).toEqual({ bos_token: BYTE_CHARS[11], eos_token: BYTE_CHARS[11] })
})
