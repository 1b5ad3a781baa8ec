import { UnsupportedModel } from '../../core/errors'
import { DIGIT, foldCase, HEX, literal, posixClass, propertyClass, SPACE, WORD } from './code-points'
import { canBeEmpty, isUnbounded, type Node } from './node'
import { toJavaScript } from './to-javascript'

/** Limits of a pattern: published ones have up to 1,000 characters and 4 levels; deeper ones would exhaust the stack. */
const MAX_PATTERN_CHARS = 2 ** 14
const MAX_DEPTH = 32

/** Most times of a repetition, which is written out as often; published patterns repeat up to 32 times. */
const MAX_TIMES = 1000

/** Characters of words where `\w` stands alone: Oniguruma leaves these superscripts and fractions out of classes. */
const WORD_ALONE = `${WORD}\\u00b2\\u00b3\\u00b9\\u00bc-\\u00be`

/** Classes that an escape stands for. */
const ESCAPED: Readonly<Record<string, string>> = {
  d: DIGIT,
  D: '\\P{Nd}',
  s: SPACE,
  S: '\\P{White_Space}',
  h: HEX,
  H: `[^${HEX}]`,
  w: WORD_ALONE,
  W: `[^${WORD_ALONE}]`,
}

const IN_CLASS: Readonly<Record<string, string>> = { ...ESCAPED, w: WORD, W: `[^${WORD}]` }

/** Code points that an escape stands for. */
const CONTROLS: Readonly<Record<string, string>> = {
  t: '\t',
  n: '\n',
  r: '\r',
  f: '\f',
  v: '\v',
  a: '\x07',
  e: '\x1b',
}

const IS_WORD = `[${WORD_ALONE}]`
const PLACES: Readonly<Record<string, string>> = {
  A: '^',
  z: '$',
  Z: '(?=\\n?$)',
  b: `(?:(?<=${IS_WORD})(?!${IS_WORD})|(?<!${IS_WORD})(?=${IS_WORD}))`,
  B: `(?:(?<=${IS_WORD})(?=${IS_WORD})|(?<!${IS_WORD})(?!${IS_WORD}))`,
}

/** `^` and `$` for JavaScript, those of every line; after the last line break there is no line for `^`. */
const LINE_BEGIN = '(?:^|(?<=\\n)(?!$))'
const LINE_END = '(?=\\n|$)'

/** Two code points that a single one equals but for case: ß, ﬀ, ﬁ, ﬂ, ﬆ. */
const FOLDED_PAIR = /^(?:ss|ff|fi|fl|st)/i

interface Flags {
  readonly ignoresCase: boolean
  /** Whether `.` is also a line break. */
  readonly dotAll: boolean
}

/**
 * An expression in Oniguruma's Ruby syntax, which tokenizer.json is written in.
 * @throws UnsupportedModel for one that is wrong, or that needs what a match alone cannot say: captures, `\G`, `\K`
 */
export function parse(pattern: string): Node {
  if (pattern.length > MAX_PATTERN_CHARS) {
    throw new UnsupportedModel(
      `tokenizer.json has a pattern of ${pattern.length} characters, above the limit of ${MAX_PATTERN_CHARS}.`,
    )
  }
  return new Parser(pattern).parse()
}

class Parser {
  #at = 0
  #depth = 0

  constructor(readonly pattern: string) {}

  parse(): Node {
    const root = this.#alternatives({ ignoresCase: false, dotAll: false })
    if (this.#at < this.pattern.length) throw this.#unsupported('an unmatched )')
    return root
  }

  #alternatives(flags: Flags): Node {
    if (++this.#depth > MAX_DEPTH) throw this.#unsupported(`more than ${MAX_DEPTH} groups within each other`)
    const items = [this.#sequence(flags)]
    while (this.#take('|')) items.push(this.#sequence(flags))
    this.#depth--
    return items.length === 1 ? items[0] : { type: 'alternatives', items }
  }

  #sequence(flags: Flags): Node {
    const items: Node[] = []
    while (this.#at < this.pattern.length && !/[|)]/.test(this.pattern[this.#at])) {
      const begin = this.#at
      const node = this.#quantified(this.#atom(flags))
      if (node) items.push(node)
      const text = this.pattern.slice(begin, this.#at + 1)
      if (flags.ignoresCase && FOLDED_PAIR.test(text)) throw this.#unsupported(`${text} in any case`)
    }
    return items.length === 1 ? items[0] : { type: 'sequence', items }
  }

  /** The node with the quantifiers that follow it. */
  #quantified(atom: Node | undefined): Node | undefined {
    let node = atom
    for (;;) {
      const quantifier = this.#match(/([*+?])([?+]?)|\{(\d*)(,?)(\d*)\}(\??)/y)
      if (!quantifier) return node
      const [text, sign, mode, least, comma, most, lazy] = quantifier
      if (sign === undefined && least === '' && most === '') {
        this.#at -= text.length
        return node
      }
      if (!node || node.type === 'place' || node.type === 'look')
        throw this.#unsupported(`${text} after nothing to repeat`)
      const isEndless = sign === '*' || sign === '+' || (comma !== '' && most === '')
      // what a loop does after a turn of nothing depends on how the engine makes loops
      if (sign !== '?' && canBeEmpty(node)) throw this.#unsupported(`${text} after what may be nothing`)
      if (sign !== undefined) {
        const repeat = repeated(node, sign === '+' ? 1 : 0, isEndless ? Number.POSITIVE_INFINITY : 1, mode === '?')
        node = mode === '+' ? { type: 'atomic', item: repeat } : repeat
        continue
      }
      const min = Number(least)
      const max = isEndless ? Number.POSITIVE_INFINITY : comma === '' ? min : Number(most)
      if (max < min || min > MAX_TIMES || (max > MAX_TIMES && max < Number.POSITIVE_INFINITY)) {
        throw this.#unsupported(`${text}: repetitions go up to ${MAX_TIMES}`)
      }
      // {n}? is (?:{n})? in Ruby's syntax
      const isOptional = lazy === '?' && comma === ''
      const repeat = repeated(node, min, max, lazy === '?' && !isOptional)
      node = isOptional ? repeated(repeat, 0, 1, false) : repeat
    }
  }

  #atom(flags: Flags): Node | undefined {
    const char = this.#next()
    switch (char) {
      case '[':
        return codePoint(this.#classBody(flags))
      case '(':
        return this.#group(flags)
      case '\\':
        return this.#escape(flags)
      case '.':
        return codePoint(flags.dotAll ? '\\p{Any}' : '^\\n')
      case '^':
        return { type: 'place', source: LINE_BEGIN }
      case '$':
        return { type: 'place', source: LINE_END }
      case '*':
      case '+':
      case '?':
        throw this.#unsupported(`${char} after nothing to repeat`)
      default:
        return this.#literal(char, flags)
    }
  }

  #literal(char: string, { ignoresCase }: Flags): Node {
    const inside = literal(char)
    if (!ignoresCase) return codePoint(inside)
    return codePoint(this.#folded(inside))
  }

  #folded(inside: string): string {
    const folded = foldCase(inside)
    if (folded === undefined) throw this.#unsupported(`[${inside}] in any case`)
    return folded
  }

  #group(flags: Flags): Node | undefined {
    const opening = this.#match(
      /\?(?:(>)|(<?[=!])|(<[A-Za-z_]\w*>|'[A-Za-z_]\w*'|:)|(#[^)]*)|([im]*(?:-[im]+)?)([:)]))|(?!\?)/y,
    )
    if (!opening) throw this.#unsupported(`(${this.pattern.slice(this.#at, this.#at + 3)}`)
    const [, atomic, look, , comment, options, end] = opening
    if (comment !== undefined) return this.#close(undefined)
    const inner = options === undefined ? flags : withOptions(flags, options)
    // without a colon the options hold until the group around them ends
    const item = this.#alternatives(inner)
    if (end === ')') return item
    this.#close(undefined)
    if (atomic) return { type: 'atomic', item }
    if (look === undefined) return item
    return this.#look(look, item)
  }

  #look(look: string, item: Node): Node {
    const isNegative = look.endsWith('!')
    if (!look.startsWith('<')) return { type: 'look', item, isNegative }
    if (isUnbounded(item)) throw this.#unsupported(`(?${look}, which looks back without bound`)
    return { type: 'place', source: `(?${look}${toJavaScript(item)})` }
  }

  #close<T>(result: T): T {
    if (!this.#take(')')) throw this.#unsupported('a group without its )')
    return result
  }

  #escape(flags: Flags): Node {
    const place = PLACES[this.pattern[this.#at]]
    if (place !== undefined) {
      this.#at++
      return { type: 'place', source: place }
    }
    if (this.#take('R')) return parse('(?>\\r\\n|[\\n-\\r\\u0085\\u2028\\u2029])')
    const inside = this.#escapedClass(ESCAPED)
    if (inside !== undefined) return codePoint(inside)
    return this.#literal(this.#escapedChar(), flags)
  }

  /** The class of an escape, after its backslash; undefined if it is none. */
  #escapedClass(classes: Readonly<Record<string, string>>): string | undefined {
    const property = this.#match(/([pP])\{(\^?)([^{}]*)\}/y)
    if (property) {
      const [, kind, caret, name] = property
      const inside = propertyClass(name, this.pattern)
      if ((kind === 'P') === (caret === '^')) return inside
      return inside.startsWith('\\p') && inside.indexOf('}') === inside.length - 1
        ? `\\P${inside.slice(2)}`
        : `[^${inside}]`
    }
    const inside = classes[this.pattern[this.#at]]
    if (inside !== undefined) this.#at++
    return inside
  }

  /** The code point of an escape, after its backslash. */
  #escapedChar(): string {
    const code = this.#match(/x\{([0-9A-Fa-f]{1,8})\}|x([0-9A-Fa-f]{1,2})|u([0-9A-Fa-f]{4})/y)
    if (code) {
      const value = Number.parseInt(code[1] ?? code[2] ?? code[3], 16)
      if (value > 0x10ffff || (value >= 0xd800 && value < 0xe000)) throw this.#unsupported(`\\${code[0]}`)
      return String.fromCodePoint(value)
    }
    const char = this.#next()
    const control = CONTROLS[char]
    if (control !== undefined) return control
    // letters and digits that are left refer to groups, or mean what we do not know
    if (/[A-Za-z0-9]/.test(char)) throw this.#unsupported(`\\${char}`)
    return char
  }

  /** The inside of a class for JavaScript, after its `[`. */
  #classBody(flags: Flags): string {
    if (++this.#depth > MAX_DEPTH) throw this.#unsupported(`more than ${MAX_DEPTH} classes within each other`)
    const isNegated = this.#take('^')
    const operands: string[] = []
    let union = ''
    for (let isFirst = true; isFirst || !this.#take(']'); isFirst = false) {
      if (!isFirst && this.#match(/&&/y)) {
        operands.push(union)
        union = ''
        continue
      }
      union += this.#classItem()
    }
    this.#depth--
    operands.push(union)
    if (operands.includes('')) throw this.#unsupported('an intersection with nothing')
    const set = operands.length === 1 ? union : operands.map(operand => `[${operand}]`).join('&&')
    const folded = flags.ignoresCase ? this.#folded(operands.length === 1 ? set : `[${set}]`) : set
    if (!isNegated) return folded === set && operands.length > 1 ? `[${set}]` : folded
    return operands.length === 1 ? `^${folded}` : `^[${set}]`
  }

  /** A range, a class or a code point in a class. */
  #classItem(): string {
    const posix = this.#match(/\[:(\^?)([a-z]+):\]/y)
    if (posix) {
      const inside = posixClass(posix[2], this.pattern)
      return posix[1] === '^' ? `[^${inside}]` : inside
    }
    if (this.#take('[')) return `[${this.#classBody({ ignoresCase: false, dotAll: false })}]`
    const escaped = this.#match(/\\/y)
      ? (this.#escapedClass(IN_CLASS) ?? { char: this.#classEscape() })
      : { char: this.#next() }
    if (typeof escaped === 'string') {
      if (/^-(?!\])/.test(this.pattern.slice(this.#at, this.#at + 2))) throw this.#unsupported('a range from a class')
      return escaped
    }
    const from = escaped.char
    if (!this.#match(/-(?!\]|&&|\[)/y)) return literal(from)
    const to = this.#match(/\\/y) ? this.#classEscape() : this.#next()
    if ((from.codePointAt(0) ?? 0) > (to.codePointAt(0) ?? 0)) throw this.#unsupported(`the range ${from}-${to}`)
    return `${literal(from)}-${literal(to)}`
  }

  #classEscape(): string {
    return this.#take('b') ? '\b' : this.#escapedChar()
  }

  #next(): string {
    const code = this.pattern.codePointAt(this.#at)
    if (code === undefined) throw this.#unsupported('no end')
    const char = String.fromCodePoint(code)
    this.#at += char.length
    return char
  }

  #take(char: string): boolean {
    if (this.pattern[this.#at] !== char) return false
    this.#at++
    return true
  }

  #match(expression: RegExp): RegExpExecArray | null {
    expression.lastIndex = this.#at
    const match = expression.exec(this.pattern)
    if (match) this.#at = expression.lastIndex
    return match
  }

  #unsupported(what: string): UnsupportedModel {
    const pattern = this.pattern.length <= 200 ? this.pattern : `${this.pattern.slice(0, 197)}...`
    return new UnsupportedModel(`tokenizer.json has the pattern ${pattern} with ${what}, which we cannot run.`)
  }
}

function codePoint(inside: string): Node {
  return { type: 'code point', source: /^\\[pP]\{[^}]*\}$/.test(inside) ? inside : `[${inside}]` }
}

function repeated(item: Node, min: number, max: number, isLazy: boolean): Node {
  // (?:a{1,3})+ is a+
  const isRun = item.type === 'repeat' && item.item.type === 'code point' && item.min === 1 && !item.isLazy
  if (isRun && max === Number.POSITIVE_INFINITY && !isLazy) return { ...item, min, max }
  return { type: 'repeat', item, min, max, isLazy }
}

function withOptions(flags: Flags, options: string): Flags {
  const [on, off = ''] = options.split('-')
  const isOn = (option: string, before: boolean) => (on.includes(option) || before) && !off.includes(option)
  return { ignoresCase: isOn('i', flags.ignoresCase), dotAll: isOn('m', flags.dotAll) }
}
