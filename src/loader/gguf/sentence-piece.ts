import { UnsupportedModel } from '../../core/errors'
import type { JsonObject } from '../json'
import type { Metadata } from './metadata'
import type { TokenizerParts } from './tokenizer-parts'
import { NORMAL, type Tokens } from './tokens'

/** What stands for a space. */
const SPACE = '\u2581'

/** Pieces have 16 characters at most unless trained otherwise; cutting a longer one everywhere takes quadratic time. */
const MAX_PIECE_CHARS = 128

/** Published vocabularies have 2 merges a token, at most 600,000. */
const MAX_MERGES = 2 ** 22

/** SentencePiece BPE (Llama 2, Mistral): a piece for every space, bytes for what has no piece. */
export function sentencePiece(metadata: Metadata, tokens: Tokens): TokenizerParts {
  refuseNormalizer(metadata)
  const addsSpace = metadata.flag('tokenizer.ggml.add_space_prefix', true)
  const unknown = metadata.count('tokenizer.ggml.unknown_token_id', tokens.texts.length - 1)
  const toPieces = { type: 'Replace', pattern: { String: ' ' }, content: SPACE }
  const toText = { type: 'Replace', pattern: { String: SPACE }, content: ' ' }
  return {
    addsBos: true,
    normalizer: sequence('normalizers', [...(addsSpace ? [{ type: 'Prepend', prepend: SPACE }] : []), toPieces]),
    pre_tokenizer: null,
    decoder: sequence('decoders', [
      toText,
      { type: 'ByteFallback' },
      { type: 'Fuse' },
      ...(addsSpace ? [{ type: 'Strip', content: ' ', start: 1, stop: 0 }] : []),
    ]),
    model: {
      unk_token: unknown === undefined ? null : tokens.texts[unknown],
      fuse_unk: true,
      byte_fallback: true,
      merges: mergesByScore(metadata, tokens),
    },
  }
}

function sequence(steps: string, list: readonly JsonObject[]): JsonObject {
  return { type: 'Sequence', [steps]: list }
}

function refuseNormalizer({ file, values }: Metadata): void {
  for (const key of ['tokenizer.ggml.precompiled_charsmap', 'tokenizer.ggml.remove_extra_whitespaces']) {
    if (values.get(key)) throw new UnsupportedModel(`${file} has ${key}: changing a text before it is tokenized.`)
  }
}

/**
 * SentencePiece merges the neighbours whose union has the highest score; tokenizer.json wants a list of pairs, the
 * first merged first. So every way to cut a piece into two others is a pair, as in transformers' conversion.
 */
function mergesByScore(metadata: Metadata, { texts, ids, types }: Tokens): [string, string][] {
  const scores = metadata.numbers('tokenizer.ggml.scores', texts.length)
  const merges: { readonly pair: [string, string]; readonly score: number }[] = []
  for (const [id, text] of texts.entries()) {
    if (types[id] !== NORMAL) continue
    if (text.length > MAX_PIECE_CHARS) {
      throw new UnsupportedModel(
        `${metadata.file}: token ${id} has ${text.length} characters, above ${MAX_PIECE_CHARS}.`,
      )
    }
    for (let cut = 1; cut < text.length; cut++) {
      const pair: [string, string] = [text.slice(0, cut), text.slice(cut)]
      if (ids.has(pair[0]) && ids.has(pair[1])) merges.push({ pair, score: scores[id] })
    }
    if (merges.length > MAX_MERGES) {
      throw new UnsupportedModel(`${metadata.file}: the vocabulary has more than ${MAX_MERGES} merges.`)
    }
  }
  if (merges.length > 1 && merges.every(({ score }) => score === merges[0].score)) {
    throw new UnsupportedModel(`${metadata.file}: all pieces have the score ${merges[0].score}, so no order of merges.`)
  }
  return merges.sort((a, b) => b.score - a.score || b.pair[0].length - a.pair[0].length).map(({ pair }) => pair)
}
