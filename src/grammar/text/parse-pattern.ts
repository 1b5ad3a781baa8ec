import { InvalidRequest } from '../../core/errors'
import { shownJson } from '../../core/shown'
import { MAX_DEPTH, MAX_TIMES } from '../limits'
import { CLASSES, IN_LINE, property } from './classes'
import { type CodePoints, complement, normalized } from './code-points'
import type { PatternNode } from './pattern-node'

const CONTROLS: Readonly<Record<string, number>> = { t: 9, n: 10, v: 11, f: 12, r: 13, 0: 0 }

/**
 * A regular expression of JavaScript's, flag `u`, as far as it describes a set of texts.
 * @throws InvalidRequest for one that is wrong, or has look-arounds, references, or borders of words
 */
export function parsePattern(source: string): PatternNode {
  return new PatternParser(source).parse()
}

class PatternParser {
  #at = 0
  #depth = 0

  constructor(readonly source: string) {}

  parse(): PatternNode {
    const node = this.#choice()
    if (this.#at < this.source.length) throw this.#wrong('an unmatched )')
    return node
  }

  #choice(): PatternNode {
    if (++this.#depth > MAX_DEPTH) throw this.#wrong(`more than ${MAX_DEPTH} groups within each other`)
    const items = [this.#sequence()]
    while (this.#take('|')) items.push(this.#sequence())
    this.#depth--
    return items.length === 1 ? items[0] : { type: 'choice', items }
  }

  #sequence(): PatternNode {
    const items: PatternNode[] = []
    while (this.#at < this.source.length && !/[|)]/.test(this.source[this.#at])) items.push(this.#quantified())
    return { type: 'sequence', items }
  }

  #quantified(): PatternNode {
    const item = this.#atom()
    const quantifier = this.#match(/([*+?])\??|\{(\d+)(,?)(\d*)\}\??/y)
    if (!quantifier) return item
    const [text, sign, least, comma, most] = quantifier
    if (item.type === 'begin' || item.type === 'end') throw this.#wrong(`${text} after an anchor`)
    if (sign) {
      const max = sign === '?' ? 1 : Number.POSITIVE_INFINITY
      return { type: 'repeat', item, min: sign === '+' ? 1 : 0, max }
    }
    const min = Number(least)
    const max = comma === '' ? min : most === '' ? Number.POSITIVE_INFINITY : Number(most)
    if (max < min) throw this.#wrong(`${text}, which ends before it begins`)
    if (min > MAX_TIMES || (max > MAX_TIMES && max < Number.POSITIVE_INFINITY))
      throw this.#wrong(`${text}; repetitions go up to ${MAX_TIMES}`)
    return { type: 'repeat', item, min, max }
  }

  #atom(): PatternNode {
    const char = this.#next()
    switch (char) {
      case '^':
        return { type: 'begin' }
      case '$':
        return { type: 'end' }
      case '.':
        return { type: 'set', codePoints: IN_LINE }
      case '(': {
        const opening = this.#match(/\?(:|<[A-Za-z_$][\w$]*>)|(?!\?)/y)
        if (!opening) throw this.#wrong(`(${this.source.slice(this.#at, this.#at + 3)}`)
        const node = this.#choice()
        if (!this.#take(')')) throw this.#wrong('a group without its )')
        return node
      }
      case '[':
        return { type: 'set', codePoints: this.#class() }
      case '\\':
        return { type: 'set', codePoints: this.#class1() ?? single(this.#escaped()) }
      case '*':
      case '+':
      case '?':
      case '{':
        throw this.#wrong(`${char} after nothing to repeat, or not of the form {n}, {n,} or {n,m}`)
      case '}':
      case ']':
        throw this.#wrong(`an unmatched ${char}`)
      default:
        return { type: 'set', codePoints: single(codeOf(char)) }
    }
  }

  /** A class, after its [. */
  #class(): CodePoints {
    const isNegated = this.#take('^')
    const ranges: (readonly [number, number])[] = []
    while (!this.#take(']')) {
      const from = this.#classItem()
      if (typeof from !== 'number') {
        ranges.push(...from)
        continue
      }
      if (!this.#match(/-(?!\])/y)) {
        ranges.push([from, from])
        continue
      }
      const to = this.#classItem()
      if (typeof to !== 'number') throw this.#wrong('a range to a class')
      if (to < from) throw this.#wrong(`the range ${String.fromCodePoint(from)}-${String.fromCodePoint(to)}`)
      ranges.push([from, to])
    }
    return isNegated ? complement(ranges) : normalized(ranges)
  }

  #classItem(): number | CodePoints {
    if (!this.#take('\\')) return codeOf(this.#next())
    if (this.#take('b')) return 8
    return this.#class1() ?? this.#escaped()
  }

  /** The class of an escape, after its backslash; undefined if it is none. */
  #class1(): CodePoints | undefined {
    const named = this.#match(/([pP])\{([^{}]*)\}/y)
    if (named) {
      const codePoints = property(named[2])
      if (!codePoints) throw this.#wrong(`\\${named[0]}, which is not known`)
      return named[1] === 'p' ? codePoints : complement(codePoints)
    }
    const codePoints = CLASSES[this.source[this.#at]]
    if (codePoints) this.#at++
    return codePoints
  }

  /** The code point of an escape, after its backslash. */
  #escaped(): number {
    const pair = this.#match(/u([Dd][89ABab][0-9A-Fa-f]{2})\\u([Dd][C-Fc-f][0-9A-Fa-f]{2})/y)
    if (pair) return codeOf(String.fromCharCode(Number.parseInt(pair[1], 16), Number.parseInt(pair[2], 16)))
    const code = this.#match(/x([0-9A-Fa-f]{2})|u([0-9A-Fa-f]{4})|u\{([0-9A-Fa-f]{1,6})\}|c([A-Za-z])/y)
    if (code) {
      if (code[4]) return codeOf(code[4]) % 32
      const value = Number.parseInt(code[1] ?? code[2] ?? code[3], 16)
      if (value > 0x10ffff) throw this.#wrong(`\\${code[0]}`)
      return value
    }
    const char = this.#next()
    if (char in CONTROLS && !(char === '0' && /\d/.test(this.source[this.#at] ?? ''))) return CONTROLS[char]
    if (/[A-Za-z0-9]/.test(char)) throw this.#wrong(`\\${char}`)
    return codeOf(char)
  }

  #next(): string {
    const code = this.source.codePointAt(this.#at)
    if (code === undefined) throw this.#wrong('no end')
    const char = String.fromCodePoint(code)
    this.#at += char.length
    return char
  }

  #take(char: string): boolean {
    if (this.source[this.#at] !== char) return false
    this.#at++
    return true
  }

  #match(expression: RegExp): RegExpExecArray | null {
    expression.lastIndex = this.#at
    const match = expression.exec(this.source)
    if (match) this.#at = expression.lastIndex
    return match
  }

  #wrong(what: string): InvalidRequest {
    return new InvalidRequest(`The pattern ${shownJson(this.source)} has ${what}, which is not supported.`)
  }
}

function single(codePoint: number): CodePoints {
  return [[codePoint, codePoint]]
}

function codeOf(char: string): number {
  return char.codePointAt(0) ?? 0
}
