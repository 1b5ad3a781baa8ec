import sprout from '../../public/models/sprout/tokenizer.json'
import { BYTE_CHARS } from '../support/seeded-tokenizer'
import { CODE, LANGUAGES, LONG_WORD } from './corpus'
import { trainMerges } from './train'

/** A tokenizer in the way that some family of models has it. */
export interface Kind {
  readonly name: string
  readonly json: Readonly<Record<string, unknown>>
  readonly config?: Readonly<Record<string, unknown>>
  /** What encoding and decoding makes of a text: itself unless said otherwise. Null: no simple thing. */
  readonly normalize?: ((text: string) => string) | null
}

const TRAINING = [
  ...LANGUAGES,
  ...CODE,
  ...CODE,
  "\n\n\t\t  1234567 12 345 \u0665\u0666 ...!!! I'll 'LL(a.\n\n \ufeff\ufeff",
]
const flags = { single_word: false, lstrip: false, rstrip: false, normalized: false }
const special = (content: string, id: number) => ({ ...flags, id, content, special: true })

// Byte-level

const bytes = (text: string) => Array.from(new TextEncoder().encode(text), byte => BYTE_CHARS[byte])
const BYTE_MERGES = trainMerges(TRAINING.map(bytes), 500)
const BYTE_TOKENS = [...BYTE_CHARS, '<|begin|>', '<|end|>', ...new Set(BYTE_MERGES.map(pair => pair.join('')))]

export const BYTE_LEVEL = { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: true }
const UNSPLIT = { ...BYTE_LEVEL, use_regex: false }
const isolated = (Regex: string) => ({ type: 'Split', pattern: { Regex }, behavior: 'Isolated', invert: false })
const sequence = (...pretokenizers: object[]) => ({ type: 'Sequence', pretokenizers })
const words = (digits: string) =>
  isolated(
    String.raw`(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|${digits}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`,
  )
const CASED = String.raw`[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+`
const UPPER = String.raw`[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*`
const REST = String.raw` ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+`
const CONTRACTION = "(?i:'s|'t|'re|'ve|'m|'ll|'d)?"

interface ByteLevelParts {
  readonly pre_tokenizer: object
  readonly normalizer?: object
  readonly post_processor?: object
  readonly ignore_merges?: boolean
  /** Tokens after those of the model, which give them their ids. */
  readonly added?: readonly object[]
}

export function byteLevelJson({ pre_tokenizer, added = [], ignore_merges = false, ...parts }: ByteLevelParts) {
  // a word that merges do not give
  const tokens = [...BYTE_TOKENS, bytes(LONG_WORD).join('')]
  return {
    version: '1.0',
    added_tokens: [
      special('<|begin|>', 256),
      special('<|end|>', 257),
      ...added.map((token, index) => ({ ...token, id: tokens.length + index })),
    ],
    normalizer: null,
    post_processor: null,
    ...parts,
    pre_tokenizer,
    decoder: BYTE_LEVEL,
    model: {
      type: 'BPE',
      unk_token: null,
      ignore_merges,
      vocab: Object.fromEntries(tokens.map((token, id) => [token, id])),
      merges: BYTE_MERGES.map(pair => pair.join(' ')),
    },
  }
}

const begin = (content: string, id: number) => ({
  type: 'TemplateProcessing',
  single: [{ SpecialToken: { id: content, type_id: 0 } }, { Sequence: { id: 'A', type_id: 0 } }],
  pair: [{ Sequence: { id: 'A', type_id: 0 } }, { Sequence: { id: 'B', type_id: 1 } }],
  special_tokens: { [content]: { id: content, ids: [id], tokens: [content] } },
})

const nfc = (text: string) => text.normalize('NFC')
const NFC = { type: 'NFC' }
const spaces = (...lengths: readonly number[]) =>
  lengths.map(length => ({ ...flags, id: 0, content: ' '.repeat(length), special: false, normalized: true }))

const DIGITS = { type: 'Digits', individual_digits: true }

/** By llama.cpp's names, where it has one. */
export const byteLevelKinds: readonly Kind[] = [
  { name: 'gpt-2', json: byteLevelJson({ pre_tokenizer: BYTE_LEVEL }) },
  { name: 'smollm', json: byteLevelJson({ pre_tokenizer: sequence(DIGITS, BYTE_LEVEL) }) },
  {
    name: 'llama-bpe',
    json: byteLevelJson({
      pre_tokenizer: sequence(words(String.raw`\p{N}{1,3}`), UNSPLIT),
      post_processor: { type: 'Sequence', processors: [BYTE_LEVEL, begin('<|begin|>', 256)] },
      ignore_merges: true,
    }),
  },
  {
    name: 'qwen2',
    json: byteLevelJson({ pre_tokenizer: sequence(words(String.raw`\p{N}`), UNSPLIT), normalizer: NFC }),
    normalize: nfc,
  },
  {
    name: 'olmo',
    json: byteLevelJson({ pre_tokenizer: BYTE_LEVEL, normalizer: NFC, added: spaces(8, 4, 3, 2) }),
    normalize: nfc,
  },
  {
    name: 'dbrx',
    json: byteLevelJson({
      pre_tokenizer: sequence({ ...words(String.raw`\p{N}{1,3}`), behavior: 'Removed', invert: true }, UNSPLIT),
    }),
  },
  {
    name: 'tekken',
    json: byteLevelJson({
      pre_tokenizer: sequence(isolated(`${CASED}|${UPPER}|\\p{N}|${REST}`), UNSPLIT),
      post_processor: begin('<|begin|>', 256),
      ignore_merges: true,
    }),
  },
  {
    name: 'gpt-4o',
    json: byteLevelJson({
      pre_tokenizer: sequence(isolated(`${CASED}${CONTRACTION}|${UPPER}${CONTRACTION}|\\p{N}{1,3}|${REST}`), UNSPLIT),
    }),
  },
  {
    name: 'deepseek-v3',
    json: byteLevelJson({
      pre_tokenizer: sequence(
        isolated('\\p{N}{1,3}'),
        isolated('[一-龥぀-ゟ゠-ヿ]+'),
        isolated(
          '[!"#$%&\'()*+,\\-./:;<=>?@\\[\\\\\\]^_`{|}~][A-Za-z]+|[^\r\n\\p{L}\\p{P}\\p{S}]?[\\p{L}\\p{M}]+| ?[\\p{P}\\p{S}]+[\r\n]*|\\s*[\r\n]+|\\s+(?!\\S)|\\s+',
        ),
        UNSPLIT,
      ),
    }),
  },
  {
    name: 'a space before the text',
    json: byteLevelJson({ pre_tokenizer: { ...BYTE_LEVEL, add_prefix_space: true } }),
    normalize: text => text.replace(/^(?=[^ ])|(?<=<\|(begin|end)\|>)(?=[^ <])/g, ' '),
  },
  {
    name: 'every way to split',
    json: byteLevelJson({
      pre_tokenizer: sequence(
        { type: 'Punctuation', behavior: 'Contiguous' },
        { type: 'Digits', individual_digits: false },
        { type: 'Split', pattern: { String: '.' }, behavior: 'MergedWithPrevious', invert: false },
        { type: 'Split', pattern: { Regex: 'e|[あ-ん]' }, behavior: 'MergedWithNext', invert: false },
        { type: 'Split', pattern: { Regex: 'a|木' }, behavior: 'MergedWithNext', invert: true },
        { type: 'Split', pattern: { Regex: '[rst]' }, behavior: 'Contiguous', invert: false },
        { type: 'Split', pattern: { Regex: '\\p{Lu}|x' }, behavior: 'MergedWithPrevious', invert: true },
        UNSPLIT,
      ),
    }),
  },
  {
    name: 'words, and the white space between them lost',
    json: byteLevelJson({ pre_tokenizer: sequence({ type: 'WhitespaceSplit' }, { type: 'Punctuation' }, UNSPLIT) }),
    normalize: null,
  },
  {
    name: 'words of letters',
    json: byteLevelJson({ pre_tokenizer: sequence({ type: 'Whitespace' }, UNSPLIT) }),
    normalize: null,
  },
  {
    name: 'added tokens of all sorts',
    json: byteLevelJson({
      pre_tokenizer: BYTE_LEVEL,
      normalizer: NFC,
      added: [
        { ...special('<|user|>', 0), rstrip: true },
        { ...special('<mask>', 0), lstrip: true },
        { ...special('[INST]', 0), special: false },
        { ...special('two words', 0), special: false },
        { ...special('cafe\u0301', 0), special: false, normalized: true },
        { ...special('two', 0), special: false },
        { ...special('木', 0), special: false },
      ],
    }),
    normalize: text =>
      nfc(text)
        .replaceAll('caf\u00e9', 'cafe\u0301')
        .replace(/(?<=<\|user\|>)\s+/g, '')
        .replace(/\s+(?=<mask>)/g, ''),
  },
]

// SentencePiece

const BYTES = Array.from({ length: 256 }, (_, byte) => `<0x${byte.toString(16).toUpperCase().padStart(2, '0')}>`)
const pieces = (text: string) => [...text.replaceAll(' ', '▁')]
const CHARS = [...new Set(TRAINING.slice(0, 9).flatMap(pieces))]
const PIECE_MERGES = trainMerges(
  TRAINING.map(text => pieces(text).filter(char => CHARS.includes(char))),
  300,
)
export const PIECES = [...new Set([...CHARS, ...PIECE_MERGES.map(pair => pair.join(''))])]
const TOKENS = ['<unk>', '<s>', '</s>', ...BYTES, ...PIECES]

/** As transformers converts SentencePiece: every way to make a piece of two others, earlier pieces first. */
function conversionMerges(): string[] {
  const id = (piece: string) => TOKENS.indexOf(piece)
  return PIECES.flatMap(piece => {
    const cuts = Array.from({ length: piece.length - 1 }, (_, i) => [piece.slice(0, i + 1), piece.slice(i + 1)])
    const known = cuts.filter(pair => pair.every(part => PIECES.includes(part)))
    return known.sort(([a, b], [c, d]) => id(a) - id(c) || id(b) - id(d)).map(pair => pair.join(' '))
  })
}

const replace = (from: string, content: string) => ({ type: 'Replace', pattern: { String: from }, content })
const STRIP = { type: 'Strip', content: ' ', start: 1, stop: 0 }
const toText = (...more: object[]) => ({
  type: 'Sequence',
  decoders: [replace('▁', ' '), { type: 'ByteFallback' }, { type: 'Fuse' }, ...more],
})

export const sentencePieceJson = {
  version: '1.0',
  added_tokens: ['<unk>', '<s>', '</s>'].map(special),
  normalizer: { type: 'Sequence', normalizers: [{ type: 'Prepend', prepend: '▁' }, replace(' ', '▁')] } as
    | object
    | null,
  pre_tokenizer: null as object | null,
  post_processor: begin('<s>', 1),
  decoder: toText(STRIP) as object,
  model: {
    type: 'BPE',
    unk_token: '<unk>',
    fuse_unk: true,
    byte_fallback: true,
    vocab: Object.fromEntries(TOKENS.map((token, id) => [token, id])),
    merges: conversionMerges(),
  },
}

const metaspace = (prepend_scheme: string, split: boolean) => ({
  ...sentencePieceJson,
  normalizer: null,
  pre_tokenizer: { type: 'Metaspace', replacement: '▁', prepend_scheme, split },
  decoder: { type: 'Metaspace', replacement: '▁', prepend_scheme, split },
})

/** Each text between special tokens gets a space before it; the one before the first is taken away again. */
const spaced = (text: string) => text.replace(/(?<=<unk>|<s>|<\/s>)(?!<unk>|<s>|<\/s>|$)/g, ' ')

export const sentencePieceKinds: readonly Kind[] = [
  { name: 'Llama 2', json: sentencePieceJson, normalize: spaced },
  {
    name: 'Gemma',
    json: {
      ...sentencePieceJson,
      normalizer: replace(' ', '▁'),
      pre_tokenizer: { type: 'Split', pattern: { String: ' ' }, behavior: 'MergedWithPrevious', invert: false },
      decoder: toText(),
    },
  },
  {
    name: 'Llama 2 without legacy',
    json: { ...metaspace('first', false), decoder: toText(STRIP) },
    // a text's own first space counts as the one to add
    normalize: text => text.replace(/^ /, ''),
  },
  {
    name: 'Metaspace, never a space before the text',
    json: {
      ...metaspace('never', true),
      decoder: { type: 'Sequence', decoders: [{ type: 'ByteFallback' }, metaspace('never', true).decoder] },
    },
  },
  {
    name: 'Metaspace as older files have it',
    json: {
      ...sentencePieceJson,
      normalizer: null,
      pre_tokenizer: { type: 'Metaspace', replacement: '▁', add_prefix_space: true },
      decoder: {
        type: 'Sequence',
        decoders: [{ type: 'ByteFallback' }, { type: 'Metaspace', replacement: '▁', add_prefix_space: true }],
      },
    },
    normalize: null,
  },
  {
    name: 'Unigram',
    json: {
      ...metaspace('always', true),
      model: {
        type: 'Unigram',
        unk_id: 0,
        vocab: ['<unk>', '<s>', '</s>', ...PIECES].map((piece, index) => [
          piece,
          index < 3 ? 0 : -4 - (index % 97) / 16 - index / 64,
        ]),
      },
    },
    // what it has no piece for is lost
    normalize: null,
  },
]

export const kinds: readonly Kind[] = [
  ...byteLevelKinds,
  ...sentencePieceKinds,
  { name: 'the embedded model', json: sprout },
]
