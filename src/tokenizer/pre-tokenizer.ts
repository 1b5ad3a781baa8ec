import { UnsupportedModel } from '../core/errors'
import { isObject, type Json, objects } from './json'

/** How GPT-2 splits texts into words. */
const GPT2_WORDS = String.raw`'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+`

/** Punctuation to Unicode, and to ASCII, some of whose are symbols to Unicode. */
const PUNCTUATION = '[\\p{P}!-/:-@\\[-`{-~]'

/**
 * The pre-tokenizer of a tokenizer.json as one that @huggingface/tokenizers runs as its authors' Rust library does.
 * Version 0.2.0 by itself takes digits and white space in several steps for JavaScript's `\d` and `\s`, knows one
 * behavior of Split and of Punctuation, and of Metaspace neither `split` nor the older `add_prefix_space`.
 *
 * @throws UnsupportedModel for a split in a way that is not known
 */
export function runnablePreTokenizer(step: unknown): Json | null {
  if (!isObject(step)) return null
  switch (step.type) {
    case 'Sequence':
      return sequence(...objects(step.pretokenizers).map(runnablePreTokenizer).filter(isObject))
    case 'Digits':
      return split(step.individual_digits ? '\\p{N}' : '\\p{N}+')
    case 'Punctuation':
      return split(PUNCTUATION, step.behavior)
    case 'Whitespace':
      return split('\\w+|[^\\w\\s]+', 'Removed', true)
    case 'WhitespaceSplit':
      return split('\\s+', 'Removed')
    case 'Split':
      return split(regexOf(step.pattern), step.behavior, step.invert === true)
    case 'ByteLevel':
      return byteLevel(step)
    case 'Metaspace':
      return metaspace(step)
    default:
      return step
  }
}

function sequence(...pretokenizers: readonly Json[]): Json {
  return { type: 'Sequence', pretokenizers }
}

function byteLevel(step: Json): Json {
  const bytes = { type: 'ByteLevel', add_prefix_space: false, use_regex: false }
  if (step.use_regex === false) return step
  // the library's Replace understands the `$&` of JavaScript's
  const space = { type: 'Replace', pattern: { Regex: '\\A[^ ]' }, content: ' $&' }
  return sequence(...(step.add_prefix_space ? [space] : []), split(GPT2_WORDS), bytes)
}

function metaspace(step: Json): Json {
  const { replacement = '\u2581', prepend_scheme: scheme = step.add_prefix_space === false ? 'never' : 'always' } = step
  const spaces = { ...step, prepend_scheme: scheme }
  if (step.split === false) return spaces
  return sequence(spaces, split(regexOf({ String: replacement }), 'MergedWithNext'))
}

/**
 * Cuts a text at the matches of `regex`. The library either keeps matches and what is between them as pieces, or takes
 * one of the two away; other behaviors are matches of a longer expression.
 */
function split(regex: string, behavior: unknown = 'Isolated', invert = false): Json {
  const step = (pattern: string, removes = false) => {
    const pieces = removes ? 'Removed' : 'Isolated'
    return { type: 'Split', pattern: { Regex: pattern }, behavior: pieces, invert: removes && invert }
  }
  switch (behavior) {
    case 'Isolated':
      return step(regex)
    case 'Removed':
      return step(regex, true)
    case 'Contiguous':
      return step(`(?:${regex})+`)
    case invert ? 'MergedWithNext' : 'MergedWithPrevious':
      // the last piece may end without a match; were it none, every place in it would be tried in vain
      return step(`(?:(?!${regex})[\\s\\S])*(?:${regex})?`)
    case invert ? 'MergedWithPrevious' : 'MergedWithNext':
      return step(`(?:${regex})(?:(?!${regex})[\\s\\S])*`)
    default:
      throw new UnsupportedModel(`tokenizer.json splits texts by a pattern with the unknown behavior ${behavior}.`)
  }
}

function regexOf(pattern: unknown): string {
  if (isObject(pattern) && typeof pattern.Regex === 'string') return pattern.Regex
  if (isObject(pattern) && typeof pattern.String === 'string')
    return pattern.String.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&')
  throw new UnsupportedModel('tokenizer.json splits texts by a pattern that is neither a String nor a Regex.')
}
