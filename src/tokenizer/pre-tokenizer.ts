import { UnsupportedModel } from '../core/errors'
import type { JsonObject } from '../core/json'
import { BYTE_CHARS } from './byte-chars'
import { compilePattern, literalPattern, type Pattern } from './regex/pattern'
import { readPattern, splitter } from './split-text'
import { stepsOf } from './steps'

/** Splits a text into words, which tokens do not cross. `isFirst`: nothing is before the text. */
export type PreTokenizer = (text: string, isFirst: boolean) => string[]

/** GPT-2's pattern of words. */
export const GPT2_WORDS = String.raw`'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+`

/** A class of punctuation: Unicode's, and that of ASCII which Unicode calls symbols. */
const PUNCTUATION = String.raw`[\p{P}!-/:-@\[-\x60{-~]`

/** The inside of a class of word characters, in the Rust library's own regular expressions, which differ from Oniguruma's. */
const WORD = String.raw`\p{Alphabetic}\p{M}\p{Nd}\p{Pc}\u200c\u200d`

/** The pre-tokenizer of a tokenizer.json. @throws UnsupportedModel for a step or a pattern that we cannot run */
export function readPreTokenizer(json: unknown): PreTokenizer {
  const steps = stepsOf(json, 'pretokenizers').map(readStep)
  return (text, isFirst) =>
    steps.reduce<string[]>(
      (words, step) => words.flatMap((word, index) => step(word, isFirst && index === 0)).filter(word => word !== ''),
      [text],
    )
}

type Step = PreTokenizer

let words: Pattern | undefined

/** GPT-2's pattern, compiled once, since most byte-level tokenizers have it. */
function gpt2Words(): Pattern {
  words ??= compilePattern(GPT2_WORDS)
  return words
}

function readStep(step: JsonObject): Step {
  switch (step.type) {
    case 'Split':
      return splitter(readPattern(step.pattern), step.behavior, step.invert === true)
    case 'ByteLevel':
      return byteLevel(step)
    case 'Metaspace':
      return metaspace(step)
    case 'Digits':
      return splitter(compilePattern(step.individual_digits ? '\\p{N}' : '\\p{N}+'))
    case 'Punctuation':
      return splitter(compilePattern(PUNCTUATION), step.behavior)
    case 'Whitespace':
      return splitter(compilePattern(`[${WORD}]+|[^${WORD}\\s]+`), 'Removed', true)
    case 'WhitespaceSplit':
      return splitter(compilePattern('\\s'), 'Removed')
    case 'CharDelimiterSplit':
      return splitter(literalPattern(String(step.delimiter)), 'Removed')
    case 'BertPreTokenizer': {
      const words = splitter(compilePattern('\\s'), 'Removed')
      const punctuation = splitter(compilePattern(PUNCTUATION))
      return text => words(text).flatMap(punctuation)
    }
    case 'FixedLength':
      return fixedLength(step)
    default:
      throw new UnsupportedModel(`tokenizer.json cannot be run here: Unknown PreTokenizer type: ${step.type}.`)
  }
}

function byteLevel(step: JsonObject): Step {
  const words = step.use_regex === false ? (text: string) => [text] : splitter(gpt2Words())
  const encoder = new TextEncoder()
  const toBytes = (word: string) => {
    let chars = ''
    for (const byte of encoder.encode(word)) chars += BYTE_CHARS[byte]
    return chars
  }
  return text => words(step.add_prefix_space && !text.startsWith(' ') ? ` ${text}` : text).map(toBytes)
}

function metaspace(step: JsonObject): Step {
  const { replacement = '\u2581', prepend_scheme: scheme = step.add_prefix_space === false ? 'never' : 'always' } = step
  const space = String(replacement)
  const words = step.split === false ? (text: string) => [text] : splitter(literalPattern(space), 'MergedWithNext')
  return (text, isFirst) => {
    const spaced = text.replaceAll(' ', () => space)
    const isPrefixed = scheme === 'always' || (scheme === 'first' && isFirst)
    return words(isPrefixed && !spaced.startsWith(space) ? space + spaced : spaced)
  }
}

function fixedLength({ length = 5 }: JsonObject): Step {
  if (!Number.isInteger(length) || Number(length) < 1) {
    throw new UnsupportedModel(`tokenizer.json splits texts into pieces of length ${length}.`)
  }
  return text => {
    const chars = [...text]
    const numPieces = Math.ceil(chars.length / Number(length))
    return Array.from({ length: numPieces }, (_, index) =>
      chars.slice(index * Number(length), (index + 1) * Number(length)).join(''),
    )
  }
}
