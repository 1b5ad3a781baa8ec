import { boundedInteger, MAX_INTEGER, MAX_TEMPLATE_LENGTH } from './budget'
import { isSpace, SPACE } from './spaces'
import { TemplateError } from './template-error'
import { hexEscape } from './text'

/** A token, whose `type` is `data`, `name`, `string`, `integer`, `float`, `eof`, or the delimiter or operator itself. */
export interface Token {
  readonly type: string
  readonly value: string | bigint | number
  readonly line: number
}

const SPACES = new RegExp(`${SPACE}*`, 'y')

const RAW_BEGIN = new RegExp(`\\{%[-+]?${SPACE}*raw${SPACE}*(-?)%\\}`, 'y')
const RAW_END = new RegExp(`\\{%([-+]?)${SPACE}*endraw${SPACE}*([-+]?)%\\}`, 'y')

const FLOAT = /(?<!\.)(?:\d+_)*\d+(?:(?:\.(?:\d+_)*\d+)?e[+-]?(?:\d+_)*\d+|\.(?:\d+_)*\d+)/iy
const INTEGER = /0b(?:_?[01])+|0o(?:_?[0-7])+|0x(?:_?[\da-f])+|[1-9](?:_?\d)*|0(?:_?0)*/iy
const NAME = /[\p{ID_Continue}]+/uy
const STRING = /'[^'\\]*(?:\\.[^'\\]*)*'|"[^"\\]*(?:\\.[^"\\]*)*"/sy
/** Kinds of literals and names, in the order in which they are tried. */
const LITERALS = [
  ['float', FLOAT],
  ['integer', INTEGER],
  ['name', NAME],
  ['string', STRING],
] as const
const OPERATOR = /\/\/|\*\*|[=!<>]=|[-+/*%~[\](){}<>=.:|,;]/y

const ESCAPE = /\\(?:(x[\da-fA-F]{2}|u[\da-fA-F]{4}|U[\da-fA-F]{8})|([0-7]{1,3})|.)/gs
const SIMPLE_ESCAPES: Readonly<Record<string, string>> = {
  '\n': '',
  '\\': '\\',
  "'": "'",
  '"': '"',
  a: '\x07',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
}

const CLOSING: Readonly<Record<string, string>> = { '(': ')', '[': ']', '{': '}' }

/** A template's tokens, as jinja2 reads it with `trim_blocks` and `lstrip_blocks`. Takes time in its length only. */
export function tokenize(template: string): Token[] {
  if (template.length > MAX_TEMPLATE_LENGTH) {
    throw new TemplateError('limit', `It has ${template.length} characters, more than ${MAX_TEMPLATE_LENGTH}.`)
  }
  return new Lexer(template.replace(/\r\n?/g, '\n').replace(/\n$/, '')).tokens()
}

class Lexer {
  readonly #source: string
  readonly #tokens: Token[] = []
  #position = 0
  #line = 1
  /** The place up to which `#line` has counted. */
  #counted = 0

  constructor(source: string) {
    this.#source = source
  }

  tokens(): Token[] {
    while (this.#position < this.#source.length) {
      const at = this.#nextTag()
      const raw = this.#match(RAW_BEGIN, at)
      const sign = this.#source[at + 2]
      this.#data(at, sign, this.#source[at + 1] !== '{')
      if (raw) this.#raw(at + raw[0].length, raw[1])
      else if (at < this.#source.length) this.#tag(at, sign)
    }
    this.#push('eof', '')
    return this.#tokens
  }

  #nextTag(): number {
    let at = this.#position - 1
    do {
      at = this.#source.indexOf('{', at + 1)
      if (at < 0) return this.#source.length
    } while (!'{%#'.includes(this.#source[at + 1] ?? ' '))
    return at
  }

  /** Adds the text up to `end`, where a tag with this sign begins; `isBlock`: a blank line before the tag is left out. */
  #data(end: number, sign: string | undefined, isBlock: boolean): void {
    const start = this.#position
    let stop = end
    if (end < this.#source.length) {
      if (sign === '-') while (stop > start && isSpace(this.#source[stop - 1])) stop--
      else if (sign !== '+' && isBlock) stop = this.#beforeIndent(start, end)
    }
    if (stop > start) this.#push('data', this.#source.slice(start, stop))
    this.#position = end
  }

  #beforeIndent(start: number, end: number): number {
    let at = end
    while (at > start && this.#source[at - 1] !== '\n' && isSpace(this.#source[at - 1])) at--
    const isLineStart = at === 0 || this.#source[at - 1] === '\n'
    return isLineStart ? at : end
  }

  #raw(start: number, sign: string): void {
    this.#position = sign ? this.#afterSpaces(start) : start
    let at = this.#position - 1
    let end: RegExpExecArray | null
    do {
      at = this.#source.indexOf('{%', at + 1)
      if (at < 0) throw this.#error('Missing end of raw directive')
      end = this.#match(RAW_END, at)
    } while (!end)
    this.#data(at, end[1], true)
    this.#endTag(at + end[0].length, end[2])
  }

  #tag(at: number, sign: string | undefined): void {
    const begin = this.#source.slice(at, at + 2)
    this.#position = at + (sign === '-' || sign === '+' ? 3 : 2)
    if (begin === '{#') this.#comment()
    else this.#expressions(begin)
  }

  /** Adds the tokens of a tag. @param begin `{{` or `{%` */
  #expressions(begin: string): void {
    this.#push(begin, '')
    const end = begin === '{{' ? '}}' : '%}'
    // the closing brackets that are to come
    const open: string[] = []
    for (;;) {
      this.#position = this.#afterSpaces(this.#position)
      if (open.length === 0 && this.#closes(end)) return
      this.#expressionToken(open)
    }
  }

  #comment(): void {
    const end = this.#source.indexOf('#}', this.#position)
    if (end < 0) throw this.#error('Missing end of comment tag')
    this.#endTag(end + 2, end > this.#position ? this.#source[end - 1] : '')
  }

  /** Takes the tag's end, if it is here. */
  #closes(end: string): boolean {
    const sign = this.#source[this.#position]
    const isSigned =
      (sign === '-' || (sign === '+' && end === '%}')) && this.#source.startsWith(end, this.#position + 1)
    if (!isSigned && !this.#source.startsWith(end, this.#position)) return false
    this.#push(end, '')
    const after = this.#position + (isSigned ? 3 : 2)
    if (end === '%}') this.#endTag(after, isSigned ? sign : '')
    else this.#position = isSigned ? this.#afterSpaces(after) : after
    return true
  }

  /** Goes on after a block, a comment or raw text: without the newline that follows, or all white space. */
  #endTag(after: number, sign: string): void {
    if (sign === '-') this.#position = this.#afterSpaces(after)
    else this.#position = sign !== '+' && this.#source[after] === '\n' ? after + 1 : after
  }

  #expressionToken(open: string[]): void {
    const [type, text] = this.#expressionText()
    this.#push(type, this.#valueOf(type, text))
    this.#position += text.length
    if (CLOSING[type]) open.push(CLOSING[type])
    else if (type === ')' || type === ']' || type === '}') {
      const expected = open.pop()
      if (expected !== text) throw this.#error(`unexpected '${text}'${expected ? `, expected '${expected}'` : ''}`)
    }
  }

  #expressionText(): [type: string, text: string] {
    for (const [type, pattern] of LITERALS) {
      const text = this.#match(pattern)?.[0]
      if (text) return [type, text]
    }
    const operator = this.#match(OPERATOR)?.[0]
    if (operator) return [operator, operator]
    if (this.#position >= this.#source.length) throw this.#error('The template ends within a tag')
    throw this.#error(`unexpected char '${this.#source[this.#position]}'`)
  }

  #valueOf(type: string, text: string): Token['value'] {
    switch (type) {
      case 'float':
        return Number(text.replaceAll('_', ''))
      case 'integer':
        return this.#integer(text)
      case 'string':
        return this.#unescaped(text.slice(1, -1))
      case 'name':
        if (!/^[\p{ID_Start}_]/u.test(text)) throw this.#error('Invalid character in identifier')
    }
    return text
  }

  #integer(text: string): bigint {
    const digits = text.replaceAll('_', '')
    // before it is read, which takes time in the square of its length
    if (digits.length > 1024) boundedInteger(MAX_INTEGER)
    return boundedInteger(BigInt(digits))
  }

  /** A string's text, its escapes read as Python's `unicode-escape` does, by which jinja2 lets every string pass as ASCII. */
  #unescaped(text: string): string {
    if (!text.includes('\\')) return text
    const ascii = text.replace(/\P{ASCII}/gu, letter => hexEscape(letter.codePointAt(0) ?? 0))
    return ascii.replace(ESCAPE, (whole, hex: string | undefined, octal: string | undefined) => {
      if (hex !== undefined) {
        const code = Number.parseInt(hex.slice(1), 16)
        if (code > 0x10ffff) throw this.#error(`illegal Unicode character '${whole}'`)
        return String.fromCodePoint(code)
      }
      if (octal !== undefined) return String.fromCharCode(Number.parseInt(octal, 8))
      if (/^\\[xuUN]/.test(whole)) throw this.#error(`truncated or unknown escape '${whole}'`)
      return SIMPLE_ESCAPES[whole[1]] ?? whole
    })
  }

  #match(pattern: RegExp, at = this.#position): RegExpExecArray | null {
    pattern.lastIndex = at
    return pattern.exec(this.#source)
  }

  #afterSpaces(at: number): number {
    return at + (this.#match(SPACES, at)?.[0].length ?? 0)
  }

  #push(type: string, value: Token['value']): void {
    this.#tokens.push({ type, value, line: this.#lineHere() })
  }

  #lineHere(): number {
    for (; this.#counted < this.#position; this.#counted++) if (this.#source[this.#counted] === '\n') this.#line++
    return this.#line
  }

  #error(message: string): TemplateError {
    return new TemplateError('syntax', `${message} (line ${this.#lineHere()})`)
  }
}
