import { isJsonObject, type JsonObject } from '../core/json'
import type { AddedToken } from './added-tokens'
import { knowsAllBytes } from './cut-places'
import { stepsOf } from './steps'

/** Most units of UTF-16 that NFC makes one of (Unicode's FAQ on normalization). */
const MOST_COMPOSED = 4

/**
 * Most UTF-16 units of a text that one token stands for; Infinity if a tokenizer may lose some of a text, or make one
 * token of any number of unknown characters.
 *
 * @param json a tokenizer.json, @param added the tokens that are looked for in texts
 */
export function mostCharacters(json: JsonObject, added: readonly AddedToken[]): number {
  const { model } = json
  const normalizers = stepsOf(json.normalizer, 'normalizers')
  const losesText =
    !knowsAllBytes(json) ||
    !normalizers.every(keepsLength) ||
    stepsOf(json.pre_tokenizer, 'pretokenizers').some(losesLength) ||
    added.some(({ lstrip, rstrip }) => lstrip || rstrip)
  if (losesText || !isJsonObject(model) || !isJsonObject(model.vocab)) return Number.POSITIVE_INFINITY
  let longest = 1
  // a byte-level token has a character for each byte, of which a text has no fewer than units
  for (const token of Object.keys(model.vocab)) longest = Math.max(longest, token.length)
  for (const { content } of added) longest = Math.max(longest, content.length)
  return normalizers.some(({ type }) => type === 'NFC') ? MOST_COMPOSED * longest : longest
}

/** Whether a pre-tokenizer may make a text shorter: all may but those that only cut, write otherwise, or add. */
function losesLength({ type, behavior }: JsonObject): boolean {
  if (type === 'Split' || type === 'Punctuation') return behavior === 'Removed'
  return type !== 'ByteLevel' && type !== 'Metaspace' && type !== 'Digits'
}

function keepsLength({ type, pattern, content }: JsonObject): boolean {
  if (type === 'NFC' || type === 'Prepend') return true
  if (type !== 'Replace' || !isJsonObject(pattern) || typeof pattern.String !== 'string') return false
  return typeof content === 'string' && pattern.String.length <= content.length
}
