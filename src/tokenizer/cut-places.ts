import { isObject, type Json, objects } from './json'
import { cutsAtSpaces } from './regex-cuts'

/** Where the text between two added tokens may be cut, so that the pieces' tokens are together those of the whole. */
export interface CutPlaces {
  /** Before a space that follows a character which is no white space, nor stands for a space. */
  readonly atSpaces: boolean
  /**
   * A piece that is encoded alone gets a space before it, however it begins: one that begins with a space because it was
   * cut there is encoded without that.
   */
  readonly prependsSpace: boolean
}

const NOWHERE: CutPlaces = { atSpaces: false, prependsSpace: false }
const SPACE = '\u2581'

/**
 * Where a tokenizer may cut: each of its steps must do the same to what is before and after such a place, whatever is on
 * the other side, and one of them must never join the two. What is not known to be so is not cut.
 *
 * @param json a tokenizer.json, @param runnable the same as the library runs it
 */
export function cutPlaces(json: Json, runnable: Json, config: Json): CutPlaces {
  if (config.remove_space || config.do_lowercase_and_remove_accent) return NOWHERE
  const normalizer = normalization(runnable.normalizer)
  const { model } = runnable
  if (!normalizer || !isObject(model) || model.type !== 'BPE' || !knowsAllBytes(runnable)) return NOWHERE
  if (!objects(runnable.added_tokens).every(token => leavesPlaces(token, runnable.normalizer !== null))) return NOWHERE
  const isSplitInVain = normalizer.replacesSpaces && isSplitAtSpaces(json.pre_tokenizer)
  const effect = isSplitInVain ? KEEPS : effectOf(runnable.pre_tokenizer)
  if (!effect.keepsApart) return NOWHERE
  const isJoined = !effect.cuts && (model.ignore_merges === true || joinsAtSpaces(model.merges))
  return isJoined ? NOWHERE : { atSpaces: true, prependsSpace: normalizer.prependsSpace }
}

/** Whatever a text is made of becomes tokens, none of which stands for something unknown. */
export function knowsAllBytes({ model, pre_tokenizer }: Json): boolean {
  if (!isObject(model) || !isObject(model.vocab)) return false
  const { vocab } = model
  if (hasByteLevel(pre_tokenizer)) {
    // the characters that stand for bytes: those of Latin-1 that show, and as many after Latin-1 as do not
    const shown = Array.from({ length: 256 }, (_, code) => code).filter(code =>
      /[!-~¡-¬®-ÿ]/.test(String.fromCharCode(code)),
    )
    const others = Array.from({ length: 256 - shown.length }, (_, index) => 256 + index)
    return [...shown, ...others].every(code => Object.hasOwn(vocab, String.fromCharCode(code)))
  }
  const names = Array.from({ length: 256 }, (_, byte) => `<0x${byte.toString(16).toUpperCase().padStart(2, '0')}>`)
  return model.byte_fallback === true && names.every(name => Object.hasOwn(vocab, name))
}

function hasByteLevel(step: unknown): boolean {
  if (!isObject(step)) return false
  return step.type === 'ByteLevel' || objects(step.pretokenizers).some(hasByteLevel)
}

/** Normalizers that change each of two texts alone as they change both together, if the second begins with a space. */
function normalization(step: unknown): { prependsSpace: boolean; replacesSpaces: boolean } | undefined {
  const steps = isObject(step) && step.type === 'Sequence' ? objects(step.normalizers) : isObject(step) ? [step] : []
  const rest = steps[0]?.type === 'Prepend' && steps[0].prepend === SPACE ? steps.slice(1) : steps
  const prependsSpace = rest.length < steps.length
  const replacesSpaces = rest.some(isSpaceReplacement)
  if (prependsSpace && !replacesSpaces) return undefined
  const areKnown = rest.every(each => each.type === 'NFC' || isSpaceReplacement(each))
  return areKnown ? { prependsSpace, replacesSpaces } : undefined
}

function isSpaceReplacement({ type, pattern, content }: Json): boolean {
  return type === 'Replace' && isObject(pattern) && pattern.String === ' ' && content === SPACE
}

/**
 * Added tokens are found first, those as they are before those as normalised. The text is cut before each of the former;
 * none may take away white space before it, nor one of the latter contain such a place or take away white space after it.
 */
function leavesPlaces({ content, lstrip, rstrip, normalized, special }: Json, isNormalized: boolean): boolean {
  if (typeof content !== 'string') return false
  if (isNormalized && (normalized ?? !special)) return !rstrip && !/\S\s/.test(content)
  return !lstrip && !/^\s/.test(content)
}

interface Effect {
  /** Does to each side of a place the same, whatever is on the other. */
  readonly keepsApart: boolean
  /** Cuts there. */
  readonly cuts: boolean
}

const KEEPS: Effect = { keepsApart: true, cuts: false }
const UNKNOWN: Effect = { keepsApart: false, cuts: false }

/** A space before a text that has none, as runnable-json.ts writes it. */
const PREFIX_SPACE = '\\A[^ ]'

function effectOf(step: unknown): Effect {
  if (!isObject(step)) return KEEPS
  const { type, pattern, behavior, invert } = step
  switch (type) {
    case 'Sequence': {
      const steps = objects(step.pretokenizers)
      // what comes after a Metaspace sees no spaces
      if (steps.slice(0, -1).some(each => each.type === 'Metaspace')) return UNKNOWN
      const effects = steps.map(effectOf)
      return { keepsApart: effects.every(each => each.keepsApart), cuts: effects.some(each => each.cuts) }
    }
    case 'ByteLevel':
      return step.use_regex === false && step.add_prefix_space === false ? KEEPS : UNKNOWN
    case 'Metaspace':
      return (step.replacement ?? SPACE) === SPACE && !step.str_rep ? KEEPS : UNKNOWN
    case 'Replace':
      return isObject(pattern) && pattern.Regex === PREFIX_SPACE && step.content === ' $&' ? KEEPS : UNKNOWN
    case 'Split': {
      if (!isObject(pattern) || typeof pattern.Regex !== 'string') return UNKNOWN
      const { keepsApart, begins } = cutsAtSpaces(pattern.Regex)
      // with only the matches kept, what is between them joins nothing
      const keepsMatches = behavior === 'Removed' && invert === true
      return { keepsApart, cuts: keepsApart && (begins || keepsMatches) }
    }
    default:
      return UNKNOWN
  }
}

function isSplitAtSpaces(step: unknown): boolean {
  return isObject(step) && step.type === 'Split' && isObject(step.pattern) && step.pattern.String === ' '
}

/** A merge makes one token of a space and what is before it, in any of the ways to write a space. */
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
