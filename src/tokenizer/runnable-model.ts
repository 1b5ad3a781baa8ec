import { CorruptCheckpoint, UnsupportedModel } from '../core/errors'
import { isJsonObject, type JsonObject } from '../core/json'
import { checkId } from './added-tokens'

/**
 * The model of a tokenizer.json, as one that the library runs.
 * @throws UnsupportedModel for one that it would run as another, CorruptCheckpoint for one that contradicts itself
 */
export function runnableModel(model: unknown): JsonObject {
  if (!isJsonObject(model)) throw new UnsupportedModel('tokenizer.json has no model.')
  // early files do not say it
  const { type = 'merges' in model ? 'BPE' : undefined } = model
  switch (type) {
    case 'BPE':
      return { ...model, type, merges: checkBpe(model) }
    case 'Unigram':
      checkUnigram(model)
      return model
    case 'WordPiece':
      checkIds(model.vocab)
      return model
    default:
      throw new UnsupportedModel(`tokenizer.json has a ${String(type)} model; we run BPE and Unigram.`)
  }
}

/** The merges as pairs. */
function checkBpe({ vocab, merges, continuing_subword_prefix: prefix, dropout }: JsonObject): string[][] {
  if (prefix) {
    throw new UnsupportedModel('tokenizer.json has a BPE with continuing_subword_prefix, which we cannot run.')
  }
  if (dropout) throw new UnsupportedModel(`tokenizer.json has a BPE with dropout ${dropout}, whose tokens are random.`)
  const ids = checkIds(vocab)
  return (Array.isArray(merges) ? merges : []).map((merge: unknown, index) => {
    const pair: unknown[] = typeof merge === 'string' ? merge.split(' ') : Array.isArray(merge) ? merge : []
    const [left, right] = pair
    if (pair.length !== 2 || typeof left !== 'string' || typeof right !== 'string') {
      throw new CorruptCheckpoint(`tokenizer.json: merge ${index} is not two tokens.`)
    }
    for (const token of [left, right, left + right]) {
      if (Object.hasOwn(ids, token)) continue
      throw new CorruptCheckpoint(
        `tokenizer.json: merge ${index} is of ${JSON.stringify(left)} and ${JSON.stringify(right)}, but the vocabulary has no ${JSON.stringify(token)}.`,
      )
    }
    return [left, right]
  })
}

function checkIds(vocab: unknown): JsonObject {
  if (!isJsonObject(vocab)) throw new CorruptCheckpoint("tokenizer.json: the model's vocab is not an object.")
  for (const token in vocab) checkId(vocab[token], token, 'tokenizer.json')
  return vocab
}

function checkUnigram({ vocab, unk_id: unknown, byte_fallback: fallback }: JsonObject): void {
  if (fallback)
    throw new UnsupportedModel('tokenizer.json has a Unigram model with byte_fallback, which we cannot run.')
  if (!Array.isArray(vocab)) throw new CorruptCheckpoint("tokenizer.json: the model's vocab is not a list.")
  const wrong = vocab.findIndex(
    piece => !Array.isArray(piece) || typeof piece[0] !== 'string' || !Number.isFinite(piece[1]),
  )
  if (wrong >= 0) throw new CorruptCheckpoint(`tokenizer.json: piece ${wrong} of the vocab is not a text and a score.`)
  if (unknown !== null && unknown !== undefined && vocab[checkId(unknown, 'unk_id', 'tokenizer.json')] === undefined) {
    throw new CorruptCheckpoint(`tokenizer.json: unk_id is ${unknown}, but there are ${vocab.length} pieces.`)
  }
}
