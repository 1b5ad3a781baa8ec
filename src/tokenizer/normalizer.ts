import { InvalidRequest, UnsupportedModel } from '../core/errors'
import type { JsonObject } from '../core/json'
import { readPattern } from './split-text'
import { stepsOf } from './steps'

/** Writes a text in another way before it is split. */
export type Normalizer = (text: string) => string

/** Most characters written for one: published normalizers write up to 18 (NFKC); each step of a file may double the text. */
const MAX_GROWTH = 32

/** The normalizer of a tokenizer.json. @throws UnsupportedModel for a step that we cannot run */
export function readNormalizer(json: unknown): Normalizer {
  const steps = stepsOf(json, 'normalizers').map(readStep)
  return text => {
    const maxLen = (text.length + 1) * MAX_GROWTH
    return steps.reduce((current, step) => {
      const result = step(current, maxLen)
      return result.length > maxLen ? tooLong(result, maxLen) : result
    }, text)
  }
}

/** One step. `maxLen`: characters that the result may have, which steps look at that could write many more than they were given. */
type Step = (text: string, maxLen: number) => string

function readStep(step: JsonObject): Step {
  switch (step.type) {
    case 'NFC':
    case 'NFD':
    case 'NFKC':
    case 'NFKD': {
      const form = step.type
      return text => text.normalize(form)
    }
    case 'Lowercase':
      return lowercase
    case 'Strip': {
      const left = step.strip_left === true ? '^\\p{White_Space}+' : '^(?!)'
      const right = step.strip_right === true ? '(?<!\\p{White_Space})\\p{White_Space}+$' : '^(?!)'
      const spaces = new RegExp(`${left}|${right}`, 'gu')
      return text => text.replace(spaces, '')
    }
    case 'StripAccents':
      return text => text.replace(/\p{M}/gu, '')
    case 'Prepend':
      return text => (text === '' ? text : String(step.prepend ?? '') + text)
    case 'Replace':
      return replacer(step)
    case 'BertNormalizer':
      return bert(step)
    default:
      throw new UnsupportedModel(`tokenizer.json cannot be run here: Unknown Normalizer type: ${step.type}.`)
  }
}

/** A text in lower case, each letter by itself: a sigma at the end of a word is one like others. */
function lowercase(text: string): string {
  return text.replace(/\p{Changes_When_Lowercased}/gu, char => char.toLowerCase())
}

/** A step that writes `content` for each match of the pattern. */
export function replacer({ pattern, content }: JsonObject): Step {
  const matches = readPattern(pattern)
  const replacement = String(content ?? '')
  return (text, maxLen) => {
    const parts: string[] = []
    let last = 0
    let numMatches = 0
    for (const [begin, end] of matches(text)) {
      if (++numMatches * replacement.length > maxLen) return tooLong(text, maxLen)
      parts.push(text.slice(last, begin), replacement)
      last = end
    }
    return parts.join('') + text.slice(last)
  }
}

/** BERT's step: controls vanish, white space becomes spaces, Chinese characters get spaces around them. */
function bert(step: JsonObject): Step {
  const strips = step.strip_accents ?? step.lowercase
  return text => {
    let result = text
    if (step.clean_text) result = result.replace(/(?![\t\n\r])[\p{C}\ufffd]/gu, '').replace(/\p{White_Space}/gu, ' ')
    if (step.handle_chinese_chars) result = result.replace(CHINESE, ' $& ')
    if (strips) result = result.normalize('NFD').replace(/\p{Mn}/gu, '')
    return step.lowercase ? lowercase(result) : result
  }
}

const CHINESE = /[\u4e00-\u9fff\u3400-\u4dbf\u{20000}-\u{2a6df}\u{2a700}-\u{2ceaf}\uf900-\ufaff\u{2f800}-\u{2fa1f}]/gu

function tooLong(text: string, maxLen: number): never {
  throw new InvalidRequest(
    `The normalizer of tokenizer.json makes more than ${maxLen} characters of a text, the limit of ${MAX_GROWTH} for one; at a step it had ${text.length}.`,
  )
}
