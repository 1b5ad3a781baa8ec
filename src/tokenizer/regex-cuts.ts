/** The effect of a regular expression, matched over a text again and again, at places where a space follows ink. */
export interface Cuts {
  /** Whether no match goes on across such a place, nor depends on what is beyond it. */
  readonly keepsApart: boolean
  /** Whether a match begins there in any case. */
  readonly begins: boolean
}

const UNKNOWN: Cuts = { keepsApart: false, begins: false }

/** Matches that a part of an expression can have. */
interface Part {
  readonly space: boolean
  /** Whether they may hold ink, a character that is no white space. */
  readonly ink: boolean
  /** Whether they may hold a space somewhere after ink. */
  readonly spaceAfterInk: boolean
  readonly canBeEmpty: boolean
}

const NOTHING: Part = { space: false, ink: false, spaceAfterInk: false, canBeEmpty: true }

/**
 * The effect of a regular expression where a space follows a character that is no white space. In expressions by which
 * byte-level tokenizers find words a space can only be the first of a word, so a text may be cut there. Only the syntax that
 * such expressions are made of is understood; one with anything else is said to do nothing for sure.
 */
export function cutsAtSpaces(expression: string): Cuts {
  try {
    const parser = new Parser(expression)
    const alternatives = parser.alternatives()
    if (!parser.isAtEnd) return UNKNOWN
    const keepsApart = alternatives.every(({ spaceAfterInk, canBeEmpty }) => !spaceAfterInk && !canBeEmpty)
    return { keepsApart, begins: keepsApart && parser.hasPlainWhiteSpace }
  } catch (error) {
    if (error instanceof SyntaxError) return UNKNOWN
    throw error
  }
}

/** One character, by a class without classes in it, an escape or itself. */
const ATOM = /\[\^?(?:\\.|[^\\[\]])+\]|\\[pP]\{\w+\}|\\[sSdDwWrnt]|\\[^\w\s]|[^\\[\](){}|?*+.^$]/uy
const WHITE_SPACE = /^(?: |\\[srnt]|\[(?: |[\r\n\t]|\\[srnt])+\])$/
const QUANTIFIER = /[?*+]|\{(\d+)(?:,(\d*))?\}/uy
const GROUP = /\(\?(?:i)?:/uy
/** White space to the end of its run but for the last character: what follows is never beyond a place in question. */
const BEFORE_WHITE_SPACE = /\(\?!\\S\)/uy

class Parser {
  /** Whether one of the outermost alternatives is white space alone. */
  hasPlainWhiteSpace = false
  readonly #text: string
  #at = 0
  #depth = 0

  constructor(text: string) {
    this.#text = text
  }

  get isAtEnd(): boolean {
    return this.#at === this.#text.length
  }

  alternatives(): Part[] {
    const parts = [this.#sequence()]
    while (this.#take(/\|/uy)) parts.push(this.#sequence())
    return parts
  }

  #sequence(): Part {
    const start = this.#at
    let whole = NOTHING
    let last: Part | undefined
    while (!this.isAtEnd && !'|)'.includes(this.#text[this.#at])) {
      if (this.#take(BEFORE_WHITE_SPACE)) {
        if (!last || last.ink || last.canBeEmpty) throw new SyntaxError('looks ahead from ink')
        last = undefined
        continue
      }
      last = this.#repeated()
      whole = {
        space: whole.space || last.space,
        ink: whole.ink || last.ink,
        spaceAfterInk: whole.spaceAfterInk || last.spaceAfterInk || (whole.ink && last.space),
        canBeEmpty: whole.canBeEmpty && last.canBeEmpty,
      }
    }
    if (this.#depth === 0 && /^(?:\\s| )\+?$/.test(this.#text.slice(start, this.#at))) this.hasPlainWhiteSpace = true
    return whole
  }

  #repeated(): Part {
    const part = this.#group() ?? this.#atom()
    const quantifier = this.#take(QUANTIFIER)
    if (!quantifier) return part
    const [sign, least, most = least] = quantifier
    const isOptional = sign === '?' || sign === '*' || Number(least) === 0
    const isRepeated = sign !== '?' && most !== '1'
    return {
      ...part,
      spaceAfterInk: part.spaceAfterInk || (isRepeated && part.ink && part.space),
      canBeEmpty: part.canBeEmpty || isOptional,
    }
  }

  #group(): Part | undefined {
    if (!this.#take(GROUP)) return undefined
    this.#depth++
    const parts = this.alternatives()
    this.#depth--
    if (!this.#take(/\)/uy)) throw new SyntaxError('a group without an end')
    return {
      space: parts.some(part => part.space),
      ink: parts.some(part => part.ink),
      spaceAfterInk: parts.some(part => part.spaceAfterInk),
      canBeEmpty: parts.some(part => part.canBeEmpty),
    }
  }

  #atom(): Part {
    const atom = this.#take(ATOM)?.[0]
    if (atom === undefined || atom.includes('&&')) throw new SyntaxError('something else')
    const space = new RegExp(`^${atom}$`, 'u').test(' ')
    return { space, ink: !WHITE_SPACE.test(atom), spaceAfterInk: false, canBeEmpty: false }
  }

  /** Takes a match of `pattern`, a sticky one, if it is here. */
  #take(pattern: RegExp): RegExpExecArray | undefined {
    pattern.lastIndex = this.#at
    const match = pattern.exec(this.#text)
    if (!match) return undefined
    this.#at = pattern.lastIndex
    return match
  }
}
