import { begin, type Kind, special, TRAINING } from './kind'
import { trainMerges } from './train'

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
