import { knowsAllBytes } from './cut-places'
import { isObject, type Json, objects } from './json'

/** Normalised to NFC, a text becomes no shorter than this part of it, in UTF-16 (Unicode's FAQ on normalization). */
const MOST_COMPOSED = 4

/**
 * UTF-16 units of a text that one token stands for, at most; Infinity if a tokenizer may lose some of a text, or make one
 * token of any number of unknown characters.
 *
 * @param json a tokenizer.json as the library runs it
 */
export function mostCharacters(json: Json, config: Json): number {
  const { model, normalizer, pre_tokenizer, added_tokens } = json
  const added = objects(added_tokens)
  const losesText =
    Boolean(config.remove_space || config.do_lowercase_and_remove_accent) ||
    !knowsAllBytes(json) ||
    !steps(normalizer, 'normalizers').every(keepsLength) ||
    steps(pre_tokenizer, 'pretokenizers').some(losesLength) ||
    added.some(({ lstrip, rstrip }) => lstrip || rstrip)
  if (losesText || !isObject(model) || !isObject(model.vocab)) return Number.POSITIVE_INFINITY
  let longest = 1
  // a byte-level token has a character for each byte, of which a text has no fewer than units
  for (const token of Object.keys(model.vocab)) longest = Math.max(longest, token.length)
  for (const { content } of added) longest = Math.max(longest, String(content).length)
  return steps(normalizer, 'normalizers').some(({ type }) => type === 'NFC') ? MOST_COMPOSED * longest : longest
}

/** Of pre-tokenizers, all but those that only cut, write otherwise, or add. */
function losesLength({ type, behavior, content }: Json): boolean {
  if (type === 'Split') return behavior === 'Removed'
  if (type === 'Replace') return content !== ' $&'
  return type !== 'ByteLevel' && type !== 'Metaspace'
}

function keepsLength({ type, pattern, content }: Json): boolean {
  if (type === 'NFC' || type === 'Prepend') return true
  if (type !== 'Replace' || !isObject(pattern) || typeof pattern.String !== 'string') return false
  return typeof content === 'string' && pattern.String.length <= content.length
}

/** A step, or those that it is a sequence of, at any depth. */
function steps(step: unknown, field: 'normalizers' | 'pretokenizers'): Json[] {
  if (!isObject(step)) return []
  return step.type === 'Sequence' ? objects(step[field]).flatMap(each => steps(each, field)) : [step]
}
