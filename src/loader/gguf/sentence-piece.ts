import { UnsupportedModel } from '../../core/errors'
import type { JsonObject } from '../../core/json'
import type { Metadata } from './metadata'
import { roleId } from './role-id'
import type { TokenizerParts } from './tokenizer-parts'
import { NORMAL, type Tokens } from './tokens'

/** The character that stands for a space. */
const SPACE = '\u2581'

/** Longest piece: 16 characters unless trained otherwise; cutting a piece everywhere takes quadratic time. */
const MAX_PIECE_CHARS = 128

/** Most merges: published vocabularies have 2 a token, at most 600,000. */
const MAX_MERGES = 2 ** 22

/** SentencePiece BPE (Llama 2, Mistral): a piece for every space, bytes for what has no piece. */
export function sentencePiece(metadata: Metadata, tokens: Tokens): TokenizerParts {
  refuseNormalizer(metadata)
  const addsSpace = metadata.flag('tokenizer.ggml.add_space_prefix', true)
  const unknown = roleId(metadata, 'unk')
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
 * The merges that stand for scores. SentencePiece merges the neighbours whose union has the highest score; tokenizer.json wants a list of pairs, the
 * first merged first. So every way to cut a piece into two others is a pair, and of pairs for the same piece the one with
 * the lower ids comes first, as in transformers' conversion. SentencePiece itself would take the leftmost.
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
    for (const pair of cuts(text, ids)) merges.push({ pair, score: scores[id] })
    if (merges.length > MAX_MERGES) {
      throw new UnsupportedModel(`${metadata.file}: the vocabulary has more than ${MAX_MERGES} merges.`)
    }
  }
  if (merges.length > 1 && merges.every(({ score }) => score === merges[0].score)) {
    throw new UnsupportedModel(`${metadata.file}: all pieces have the score ${merges[0].score}, so no order of merges.`)
  }
  return merges.sort((a, b) => b.score - a.score).map(({ pair }) => pair)
}

/** Pairs of pieces that make `text`, by their ids. */
function cuts(text: string, ids: ReadonlyMap<string, number>): [string, string][] {
  const pairs: { readonly pair: [string, string]; readonly left: number; readonly right: number }[] = []
  for (let cut = 1; cut < text.length; cut++) {
    const pair: [string, string] = [text.slice(0, cut), text.slice(cut)]
    const [left, right] = [ids.get(pair[0]), ids.get(pair[1])]
    if (left !== undefined && right !== undefined) pairs.push({ pair, left, right })
  }
  return pairs.sort((a, b) => a.left - b.left || a.right - b.right).map(({ pair }) => pair)
}
