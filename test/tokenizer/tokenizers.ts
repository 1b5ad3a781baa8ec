import { Tokenizer } from '../../src/tokenizer/tokenizer'
import { byteLevelTokenizer, byteLevelTokenizerConfig } from '../support/seeded-tokenizer'

/** Merges for a few words, and for bytes across the characters of 木 (E6 9C A8), so that tokens split characters. */
const MERGES: [string, string][] = [
  ['Ġ', 't'],
  ['h', 'e'],
  ['Ġt', 'he'],
  ['æ', 'ľ'],
  ['¨', 'æ'],
]

/** GPT-2 and Llama 3 style: bytes. */
export const byteLevel = new Tokenizer(byteLevelTokenizer(300, MERGES), byteLevelTokenizerConfig)

const WORDS = ['▁', '▁the', 'the', '▁木', 'a', 'b', 'x', '\ufffd', '▁▁', '.', '\n']
const BYTES = Array.from({ length: 256 }, (_, byte) => `<0x${byte.toString(16).toUpperCase().padStart(2, '0')}>`)
const VOCAB = ['<unk>', '<s>', '</s>', ...BYTES, ...WORDS, 't', 'h', 'e', '木', 'th']

/** Llama 2 and Mistral style: SentencePiece pieces, bytes for what has no piece, a space before the text. */
const sentencePieceJson = {
  added_tokens: ['<unk>', '<s>', '</s>'].map((content, id) => ({ id, content, special: true, normalized: false })),
  normalizer: {
    type: 'Sequence',
    normalizers: [
      { type: 'Prepend', prepend: '▁' },
      { type: 'Replace', pattern: { String: ' ' }, content: '▁' },
    ],
  },
  pre_tokenizer: null,
  post_processor: {
    type: 'TemplateProcessing',
    single: [{ SpecialToken: { id: '<s>', type_id: 0 } }, { Sequence: { id: 'A', type_id: 0 } }],
    pair: [],
    special_tokens: { '<s>': { id: '<s>', ids: [1], tokens: ['<s>'] } },
  },
  decoder: {
    type: 'Sequence',
    decoders: [
      { type: 'Replace', pattern: { String: '▁' }, content: ' ' },
      { type: 'ByteFallback' },
      { type: 'Fuse' },
      { type: 'Strip', content: ' ', start: 1, stop: 0 },
    ],
  },
  model: {
    type: 'BPE',
    unk_token: '<unk>',
    fuse_unk: true,
    byte_fallback: true,
    vocab: Object.fromEntries(VOCAB.map((token, id) => [token, id])),
    merges: ['t h', 'th e', '▁ the', '▁ 木', '▁ ▁'],
  },
}

export const sentencePiece = new Tokenizer(sentencePieceJson, { bos_token: '<s>', eos_token: { content: '</s>' } })

/** The same pieces with the Metaspace decoder of T5 and newer Llama 2 exports, which has no bytes. */
export const metaspace = new Tokenizer({
  ...sentencePieceJson,
  normalizer: null,
  pre_tokenizer: { type: 'Metaspace', replacement: '▁', prepend_scheme: 'first', split: false },
  decoder: { type: 'Metaspace', replacement: '▁', prepend_scheme: 'first' },
})

export const TEXTS = [
  'the cat and the hat',
  '  leading, trailing  ',
  'Grüße, naïve café: žluťoučký kůň',
  '木木木 日本語のテキスト 한국어 العربية עברית हिन्दी',
  '👩‍👩‍👧‍👦 🌱🇨🇭 e\u0301 \u200d',
  'def f(x):\n\treturn {"a": [1, 2.5], \'b\': x ** 2}  # , . !\r\n',
  'a\u0000b\ufffdc\ufeffd',
]
