import { describe, expect, test } from 'vitest'
import { InvalidRequest, UnsupportedModel } from '../../src/core/errors'
import { Tokenizer } from '../../src/tokenizer/tokenizer'
import { BEGIN_ID, byteLevelTokenizer, END_ID } from '../support/seeded-tokenizer'
import { byteLevel, metaspace, sentencePiece, TEXTS } from './tokenizers'

describe('byte-level', () => {
  test.each(TEXTS)('%j survives encoding and decoding', text => {
    expect(byteLevel.decode(byteLevel.encode(text))).toBe(text)
  })

  test('bytes are their own ids, merges come after the special tokens', () => {
    expect(byteLevel.encode('a ~\n')).toEqual([0x61, 0x20, 0x7e, 0x0a])
    expect(byteLevel.encode(' the')).toEqual([260])
    expect(byteLevel.decode([260])).toBe(' the')
  })

  test('special tokens are recognised in text and skipped in decoding unless asked for', () => {
    const ids = byteLevel.encode('<|begin|>hi<|end|>')
    expect(ids).toEqual([BEGIN_ID, 0x68, 0x69, END_ID])
    expect(byteLevel.decode(ids)).toBe('hi')
    expect(byteLevel.decode(ids, { skipSpecialTokens: false })).toBe('<|begin|>hi<|end|>')
  })

  test('spaces before punctuation stay', () => {
    const tokenizer = new Tokenizer(byteLevelTokenizer(258), { clean_up_tokenization_spaces: true })
    expect(tokenizer.decode(tokenizer.encode('f ( x ) . y , z'))).toBe('f ( x ) . y , z')
  })

  test('nothing, and ids beyond the vocabulary, decode to nothing', () => {
    expect(byteLevel.decode([])).toBe('')
    expect(byteLevel.decode([0x61, 5000, 0x62])).toBe('ab')
  })

  test('vocabSize counts added tokens', () => {
    expect(byteLevel.vocabSize).toBe(300)
    expect(byteLevel.tokenId('<|end|>')).toBe(END_ID)
    expect(byteLevel.tokenId('nothing')).toBeUndefined()
  })
})

describe('SentencePiece', () => {
  test.each([...TEXTS, 'the', ' the'])('%j survives encoding and decoding', text => {
    expect(sentencePiece.decode(sentencePiece.encode(text))).toBe(text)
  })

  test('a beginning of sequence is added unless refused', () => {
    const [bos, ...rest] = sentencePiece.encode('the')
    expect(bos).toBe(sentencePiece.tokenId('<s>'))
    expect(sentencePiece.encode('the', { addSpecialTokens: false })).toEqual(rest)
    expect(rest).toEqual([sentencePiece.tokenId('▁the')])
  })

  test('special tokens have their roles, given as a text or as an object', () => {
    expect(sentencePiece.specialTokens).toEqual({ bos_token: '<s>', eos_token: '</s>' })
  })
})

test('Metaspace puts a space before the first word only, and takes it away again', () => {
  expect(metaspace.decode(metaspace.encode('the the'))).toBe('the the')
})

test('a token that tokenizer.json adds but does not define is an invalid request that quotes it', () => {
  const single = [{ SpecialToken: { id: '<s>', type_id: 0 } }, { Sequence: { id: 'A', type_id: 0 } }]
  const tokenizer = new Tokenizer({
    ...byteLevelTokenizer(258),
    post_processor: { type: 'TemplateProcessing', single, pair: [] },
  })
  expect(() => tokenizer.encode('a')).toThrow(InvalidRequest)
  expect(() => tokenizer.encode('a')).toThrow('The model\'s vocabulary has no token for "<s>".')
})

test('a tokenizer.json that the library cannot run is unsupported, with its reason', () => {
  expect(() => new Tokenizer({})).toThrow(UnsupportedModel)
  expect(() => new Tokenizer({})).toThrow('tokenizer.json has no model.')
  expect(() => new Tokenizer({ ...byteLevelTokenizer(258), decoder: { type: 'Odd' } })).toThrow(
    'Unknown Decoder type: Odd',
  )
})

test.each<[string, object, string]>([
  ['whole words', { added_tokens: [{ id: 1, content: 'x', single_word: true }] }, 'finds "x" as a whole word only'],
  [
    'a prefix within words',
    { model: { type: 'BPE', vocab: {}, merges: [], continuing_subword_prefix: '##' } },
    'prefix',
  ],
  ['bytes in a Unigram', { model: { type: 'Unigram', vocab: [], byte_fallback: true } }, 'byte_fallback'],
  ['whole words as tokens', { model: { type: 'WordLevel', vocab: {} } }, 'a WordLevel model'],
  ['odd ways to split', { pre_tokenizer: { type: 'Punctuation', behavior: 'Odd' } }, 'the unknown behavior Odd'],
  ['odd patterns', { pre_tokenizer: { type: 'Split', pattern: {} } }, 'neither a String nor a Regex'],
  ['odd pre-tokenizers', { pre_tokenizer: { type: 'UnicodeScripts' } }, 'Unknown PreTokenizer type: UnicodeScripts'],
  ['odd normalizers', { normalizer: { type: 'Nmt' } }, 'Unknown Normalizer type: Nmt'],
])('%s, which would silently be something else, are unsupported by their name', (_, parts, message) => {
  expect(() => new Tokenizer({ ...byteLevelTokenizer(258), ...parts })).toThrow(UnsupportedModel)
  expect(() => new Tokenizer({ ...byteLevelTokenizer(258), ...parts })).toThrow(message)
})

test("add_bos_token and add_eos_token of tokenizer_config.json count for Llama's and Gemma's tokenizers", () => {
  const config = { tokenizer_class: 'LlamaTokenizerFast', bos_token: { content: '<|begin|>' }, eos_token: '<|end|>' }
  const ids = (more: object) => new Tokenizer(byteLevelTokenizer(258), { ...config, ...more }).encode('a')
  expect(ids({ add_bos_token: true })).toEqual([BEGIN_ID, 97])
  expect(ids({ add_bos_token: true, add_eos_token: true })).toEqual([BEGIN_ID, 97, END_ID])
  expect(ids({})).toEqual([97])
  expect(ids({ add_bos_token: true, tokenizer_class: 'Qwen2Tokenizer' })).toEqual([97])
})

test('a byte order mark stays where a text has it', () => {
  const ids = [0xef, 0xbb, 0xbf].map(byte => byte + 3)
  expect(sentencePiece.decode([...ids, ...sentencePiece.encode('a', { addSpecialTokens: false }), ...ids])).toBe(
    '\ufeff a\ufeff',
  )
})
