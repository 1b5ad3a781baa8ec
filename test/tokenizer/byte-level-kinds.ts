import { BYTE_CHARS } from '../support/seeded-tokenizer'
import { LONG_WORD } from './corpus'
import { begin, flags, type Kind, special, TRAINING } from './kind'
import { trainMerges } from './train'

const bytes = (text: string) => Array.from(new TextEncoder().encode(text), byte => BYTE_CHARS[byte])
const BYTE_MERGES = trainMerges(TRAINING.map(bytes), 500)
const BYTE_TOKENS = [...BYTE_CHARS, '<|begin|>', '<|end|>', ...new Set(BYTE_MERGES.map(pair => pair.join('')))]

const BYTE_LEVEL = { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: true }
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

function byteLevelJson({ pre_tokenizer, added = [], ignore_merges = false, ...parts }: ByteLevelParts) {
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
