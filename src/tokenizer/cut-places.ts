import { isJsonObject, type JsonObject } from '../core/json'
import type { AddedToken } from './added-tokens'
import { BYTE_CHARS } from './byte-chars'
import { GPT2_WORDS } from './pre-tokenizer'
import { cutsAtSpaces } from './regex-cuts'
import { stepsOf } from './steps'

/** Places where the text between two added tokens may be cut, so that the pieces' tokens are together those of the whole. */
export interface CutPlaces {
  /** Whether it may be cut before a space that follows a character which is no white space, nor stands for a space. */
  readonly atSpaces: boolean
  /**
   * Whether a piece that is encoded alone gets a space before it, however it begins: one that begins with a space because it
   * was cut there is then encoded without that.
   */
  readonly prependsSpace: boolean
}

const NOWHERE: CutPlaces = { atSpaces: false, prependsSpace: false }
const SPACE = '\u2581'

/**
 * The places where a tokenizer's texts may be cut: each of its steps must do the same to either side of such a place, whatever
 * is on the other, and one of them must never join the two. A tokenizer that is not known to be so has none.
 *
 * @param json a tokenizer.json, @param added the tokens that are looked for in texts
 */
export function cutPlaces(json: JsonObject, added: readonly AddedToken[]): CutPlaces {
  const normalizer = normalization(json.normalizer)
  const { model } = json
  if (!normalizer || !isJsonObject(model) || !isBpe(model) || !knowsAllBytes(json)) return NOWHERE
  if (!added.every(token => leavesPlaces(token, Boolean(json.normalizer)))) return NOWHERE
  const isSplitInVain = normalizer.replacesSpaces && isSplitAtSpaces(json.pre_tokenizer)
  const effect = isSplitInVain ? KEEPS : effectOf(stepsOf(json.pre_tokenizer, 'pretokenizers'))
  if (!effect.keepsApart) return NOWHERE
  const isJoined = !effect.cuts && (model.ignore_merges === true || joinsAtSpaces(model.merges))
  return isJoined ? NOWHERE : { atSpaces: true, prependsSpace: normalizer.prependsSpace }
}

/** Whether a model is a BPE; early files do not say it. */
function isBpe({ type, merges }: JsonObject): boolean {
  return type === 'BPE' || (type === undefined && merges !== undefined)
}

/** Whether every text becomes tokens of which none stands for something unknown. */
export function knowsAllBytes({ model, pre_tokenizer: preTokenizer }: JsonObject): boolean {
  if (!isJsonObject(model) || !isJsonObject(model.vocab)) return false
  const { vocab } = model
  if (stepsOf(preTokenizer, 'pretokenizers').some(({ type }) => type === 'ByteLevel')) {
    return BYTE_CHARS.every(char => Object.hasOwn(vocab, char))
  }
  const names = Array.from({ length: 256 }, (_, byte) => `<0x${byte.toString(16).toUpperCase().padStart(2, '0')}>`)
  return model.byte_fallback === true && names.every(name => Object.hasOwn(vocab, name))
}

/** The effect of a normalizer that treats two texts alone as both together, if the second begins with a space; else undefined. */
function normalization(step: unknown): { prependsSpace: boolean; replacesSpaces: boolean } | undefined {
  const steps = stepsOf(step, 'normalizers')
  const rest = steps[0]?.type === 'Prepend' && steps[0].prepend === SPACE ? steps.slice(1) : steps
  const prependsSpace = rest.length < steps.length
  const replacesSpaces = rest.some(isSpaceReplacement)
  if (prependsSpace && !replacesSpaces) return undefined
  const areKnown = rest.every(each => each.type === 'NFC' || isSpaceReplacement(each))
  return areKnown ? { prependsSpace, replacesSpaces } : undefined
}

function isSpaceReplacement({ type, pattern, content }: JsonObject): boolean {
  return type === 'Replace' && isJsonObject(pattern) && pattern.String === ' ' && content === SPACE
}

/**
 * Whether an added token leaves the places alone. Added tokens are found first, those that are looked for in the text as it
 * is before the `normalized`. A text is cut before each of the former: none may take away white space before it. A normalized
 * one may neither contain such a place nor take away white space after it.
 */
function leavesPlaces({ content, lstrip, rstrip, normalized }: AddedToken, isNormalized: boolean): boolean {
  if (isNormalized && normalized) return !rstrip && !/\S\s/.test(content)
  return !lstrip && !/^\s/.test(content)
}

interface Effect {
  /** Whether it does the same to each side of a place, whatever is on the other. */
  readonly keepsApart: boolean
  /** Whether it cuts there. */
  readonly cuts: boolean
}

const KEEPS: Effect = { keepsApart: true, cuts: false }
const UNKNOWN: Effect = { keepsApart: false, cuts: false }

function effectOf(steps: readonly JsonObject[]): Effect {
  // what comes after a Metaspace sees no spaces
  if (steps.slice(0, -1).some(each => each.type === 'Metaspace')) return UNKNOWN
  const effects = steps.map(effectOfStep)
  return { keepsApart: effects.every(each => each.keepsApart), cuts: effects.some(each => each.cuts) }
}

function effectOfStep({ type, pattern, behavior, invert, ...step }: JsonObject): Effect {
  switch (type) {
    // a space is put only before a text that has none
    case 'ByteLevel':
      return step.use_regex === false ? KEEPS : effectOfWords(GPT2_WORDS, false)
    case 'Metaspace':
      return (step.replacement ?? SPACE) === SPACE ? KEEPS : UNKNOWN
    case 'Digits':
      return KEEPS
    case 'Whitespace':
    case 'WhitespaceSplit':
      return { keepsApart: true, cuts: true }
    case 'Punctuation':
      return behavior === undefined || behavior === 'Isolated' || behavior === 'Removed' ? KEEPS : UNKNOWN
    case 'Split': {
      if (!isJsonObject(pattern) || typeof pattern.Regex !== 'string') return UNKNOWN
      // with only the matches kept, what is between them joins nothing
      const keepsMatches = behavior === 'Removed' && invert === true
      if (behavior !== 'Isolated' && behavior !== 'Removed') return UNKNOWN
      return effectOfWords(pattern.Regex, keepsMatches)
    }
    default:
      return UNKNOWN
  }
}

function effectOfWords(expression: string, keepsMatches: boolean): Effect {
  const { keepsApart, begins } = cutsAtSpaces(expression)
  return { keepsApart, cuts: keepsApart && (begins || keepsMatches) }
}

function isSplitAtSpaces(step: unknown): boolean {
  return isJsonObject(step) && step.type === 'Split' && isJsonObject(step.pattern) && step.pattern.String === ' '
}

/** Whether some merge makes one token of a space and what is before it, in any of the ways to write a space. */
function joinsAtSpaces(merges: unknown): boolean {
  if (!Array.isArray(merges)) return true
  return merges.some(merge => {
    // a vocabulary has hundreds of thousands
    const [left, right] = typeof merge === 'string' ? [merge, merge] : [String(merge[0]), String(merge[1])]
    const cut = typeof merge === 'string' ? merge.indexOf(' ') : -1
    const last = cut < 0 ? left.charAt(left.length - 1) : left.charAt(cut - 1)
    return isSpace(right.charAt(cut + 1)) && !isSpace(last)
  })
}

function isSpace(char: string): boolean {
  return char === SPACE || char === ' ' || char === '\u0120'
}
