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
  expect(() => new Tokenizer({})).toThrow('Tokenizer must contain a "model" property')
  expect(() => new Tokenizer({ ...byteLevelTokenizer(258), decoder: { type: 'Odd' } })).toThrow(
    'Unknown Decoder type: Odd',
  )
})
