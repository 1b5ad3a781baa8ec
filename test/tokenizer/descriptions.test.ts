import { describe, expect, test } from 'vitest'
import { CorruptCheckpoint, InvalidRequest, UnsupportedModel } from '../../src/core/errors'
import { checkVocabulary } from '../../src/engine/open/check-vocabulary'
import { tokenizerConfig } from '../../src/loader/config/tokenizer-config'
import { Tokenizer } from '../../src/tokenizer/tokenizer'
import { byteLevelTokenizer, END_ID } from '../support/seeded-tokenizer'

const json = byteLevelTokenizer(300)
const token = (content: string, more: object = {}) => ({ content, special: true, normalized: false, ...more })
const encode = (config: object, text: string) => new Tokenizer(json, { ...config }).encode(text)

describe('what tokenizer_config.json adds, as transformers 4.57 reads it', () => {
  test('tokens that only added_tokens_decoder has are found, with the id of the vocabulary', () => {
    expect(encode({ added_tokens_decoder: { 290: token('[290]') } }, 'a[290]')).toEqual([97, 290])
    expect(encode({ added_tokens_decoder: { 7: token('[290]') } }, 'a[290]')).toEqual([97, 290])
    expect(encode({ added_tokens_decoder: { 300: token('<new>') } }, 'a<new>')).toEqual([97, 300])
  })

  test('added_tokens_decoder says how a token of tokenizer.json is found', () => {
    expect(encode({ added_tokens_decoder: { [END_ID]: token('<|end|>', { lstrip: true }) } }, 'a <|end|>')).toEqual([
      97,
      END_ID,
    ])
  })

  test.each([
    ['a role', { bos_token: '[290]' }],
    ['additional special tokens', { additional_special_tokens: [{ content: '[290]' }] }],
    ['extra special tokens by name', { extra_special_tokens: { image_token: '[290]' } }],
  ])('tokens that only %s names are found, and are special', (_, config) => {
    const tokenizer = new Tokenizer(json, config)
    expect(tokenizer.encode('a[290]')).toEqual([97, 290])
    expect(tokenizer.decode([97, 290])).toBe('a')
  })

  test('special tokens that no file gives an id come after the vocabulary', () => {
    expect(encode({ bos_token: '<one>', additional_special_tokens: ['<two>'] }, '<two><one>')).toEqual([301, 300])
  })

  test("add_prefix_space counts, and its class's default", () => {
    const tokens = (adds: boolean, config: object) =>
      new Tokenizer(
        { ...json, pre_tokenizer: { ...json.pre_tokenizer, add_prefix_space: adds } },
        { ...config },
      ).encode('a')
    expect(tokens(false, { tokenizer_class: 'GPT2Tokenizer', add_prefix_space: true })).toEqual([0x20, 97])
    expect(tokens(true, { add_prefix_space: false })).toEqual([97])
    expect(tokens(true, { tokenizer_class: 'GPT2Tokenizer' })).toEqual([97])
    expect(tokens(true, {})).toEqual([0x20, 97])
  })

  test('a class gives its roles where no file names them', () => {
    const roles = (config: object) => new Tokenizer(json, { ...config }).specialTokens
    expect(roles({ tokenizer_class: 'LlamaTokenizer', eos_token: '<|end|>' })).toEqual({
      bos_token: '<s>',
      eos_token: '<|end|>',
      unk_token: '<unk>',
    })
    expect(roles({ tokenizer_class: 'GPT2Tokenizer' }).bos_token).toBe('<|endoftext|>')
    expect(roles({ tokenizer_class: 'GPT2Tokenizer', bos_token: null }).bos_token).toBeUndefined()
  })
})

describe('special_tokens_map.json and added_tokens.json', () => {
  const map = { bos_token: 'B', eos_token: { content: 'E' }, additional_special_tokens: ['X'] }
  const join = (config: object | undefined, specialTokensMap?: object, addedTokens?: object) =>
    tokenizerConfig(
      { added_tokens: [{ id: 1, content: 'known' }] },
      {
        config: config && { ...config },
        specialTokensMap: specialTokensMap && { ...specialTokensMap },
        addedTokens: addedTokens && { ...addedTokens },
      },
    )

  test('the map gives what tokenizer_config.json lacks, and wins where both have it', () => {
    expect(join({ bos_token: 'b', pad_token: 'p', additional_special_tokens: ['x'] }, map)).toEqual({
      ...map,
      pad_token: 'p',
      additional_special_tokens: ['x', 'X'],
    })
    expect(join(undefined, map)).toEqual(map)
  })

  test('beside added_tokens_decoder the map only fills in', () => {
    const config = { bos_token: 'b', added_tokens_decoder: {} }
    expect(join(config, map, { new: 5 })).toEqual({ ...map, ...config })
  })

  test('tokens of added_tokens.json are added if tokenizer.json has them not', () => {
    expect(join({}, undefined, { new: 5, known: 1 })).toEqual({ added_tokens_decoder: { 5: { content: 'new' } } })
  })

  test('no file says nothing', () => {
    expect(join(undefined)).toBeUndefined()
  })
})

describe('a vocabulary', () => {
  test.each([1e8, -1, 1.5, '7', undefined])('has no id %s', id => {
    const added = { ...json, added_tokens: [{ id, content: '<x>', special: true }] }
    expect(() => new Tokenizer(added)).toThrow(CorruptCheckpoint)
    expect(() => new Tokenizer(added)).toThrow(
      `the token "<x>" has the id ${id}; ids are whole numbers from 0 to 4194304`,
    )
    const own = { ...json, model: { ...json.model, vocab: { ...json.model.vocab, y: id } } }
    expect(() => new Tokenizer(own)).toThrow(CorruptCheckpoint)
  })

  test('that has not what its merges are of is corrupt', () => {
    const merges = [['a', 'b']]
    expect(() => new Tokenizer({ ...json, model: { ...json.model, merges } })).toThrow(
      'merge 0 is of "a" and "b", but the vocabulary has no "ab".',
    )
    expect(() => new Tokenizer({ ...json, model: { ...json.model, merges: ['a b c'] } })).toThrow(
      'merge 0 is not two tokens',
    )
  })

  test('beyond that of the model fails with both numbers, unless its tokens were added', () => {
    const check = (ordinaryVocabSize: number, vocabSize: number, eosTokenIds: number[] = []) =>
      checkVocabulary({ ordinaryVocabSize }, { vocabSize, eosTokenIds })
    expect(() => check(32_000, 2048)).toThrow(CorruptCheckpoint)
    expect(() => check(32_000, 2048)).toThrow("has 32000 tokens without those added to it, but the model's has 2048")
    expect(() => check(32_016, 32_000)).not.toThrow()
    const added = new Tokenizer({ ...json, added_tokens: [{ id: 2500, content: '<x>', special: true }] })
    expect([added.vocabSize, added.ordinaryVocabSize]).toEqual([2501, 300])
    expect(() => check(300, 300, [2, 300])).not.toThrow()
    expect(() => check(300, 300, [300])).toThrow("has the id 300, but the model's vocabulary has 300 tokens")
  })
})

describe('a tokenizer.json made to be slow', () => {
  const step = { type: 'Replace', pattern: { String: 'a' }, content: 'aa' }
  const nested = (key: string) => {
    let inner: object = { type: 'NFC' }
    for (let level = 0; level < 10_000; level++) inner = { type: 'Sequence', [key]: [inner] }
    return inner
  }

  test('normalizers that double a text stop at a limit', () => {
    const normalizer = { type: 'Sequence', normalizers: Array(31).fill(step) }
    expect(() => new Tokenizer({ ...json, normalizer }).encode('a')).toThrow(InvalidRequest)
    const long = { ...step, content: 'b'.repeat(1_000_000) }
    expect(() => new Tokenizer({ ...json, normalizer: long }).encode('a'.repeat(100_000))).toThrow(
      'the limit of 32 for one',
    )
  })

  test.each<[string, object, string]>([
    ['steps in steps', { normalizer: nested('normalizers') }, 'more than 64 steps or 8 levels'],
    ['splits in splits', { pre_tokenizer: nested('pretokenizers') }, 'more than 64 steps or 8 levels'],
    ['processors in processors', { post_processor: nested('processors') }, 'more than 64 steps or 8 levels'],
    ['decoders in decoders', { decoder: nested('decoders') }, 'more than 64 steps or 8 levels'],
    [
      'many tokens around a text',
      { post_processor: { type: 'TemplateProcessing', single: Array(1000).fill({ SpecialToken: { id: '<|end|>' } }) } },
      'adds 999 tokens to every text, above the limit of 64',
    ],
    [
      'a long added token',
      { added_tokens: [{ id: 300, content: 'a'.repeat(257) }] },
      'a text of at most 256 characters',
    ],
  ])('%s are refused with the limit', (_, parts, message) => {
    expect(() => new Tokenizer({ ...json, ...parts })).toThrow(UnsupportedModel)
    expect(() => new Tokenizer({ ...json, ...parts })).toThrow(message)
  })

  test('300,000 added tokens are found as fast as few', () => {
    const added_tokens = Array.from({ length: 300_000 }, (_, index) => ({
      ...token(`<extra_${index}>`),
      id: 300 + index,
    }))
    // a trie of objects would take a minute and a gigabyte here
    const tokenizer = new Tokenizer({ ...json, added_tokens })
    expect(tokenizer.encode('<extra_7><extra_77>a')).toEqual([307, 377, 97])
    expect(tokenizer.decode([97, 377], { skipSpecialTokens: false })).toBe('a<extra_77>')
  })
})
