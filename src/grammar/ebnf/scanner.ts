import { InvalidRequest } from '../../core/errors'
import { isJsonObject, type JsonObject } from '../../core/json'
import { choice, type Expression, repeat } from '../automaton/expression'
import { MAX_DEPTH, MAX_TIMES } from '../limits'
import { LAST_CODE_POINT } from '../text/code-points'

/** Least and most times that a sign says. */
const SIGNS: Readonly<Record<string, readonly [number, number]>> = {
  '*': [0, Number.POSITIVE_INFINITY],
  '+': [1, Number.POSITIVE_INFINITY],
  '?': [0, 1],
}

const ESCAPES: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t', b: '\b', f: '\f' }

/** Reads a grammar's text from left to right. */
export class Scanner {
  #at = 0
  #depth = 0

  constructor(
    readonly text: string,
    /** What separates its symbols. */
    readonly space: RegExp,
  ) {}

  get isAtEnd(): boolean {
    return this.#at >= this.text.length
  }

  /** Takes what `expression` (flag `y`) matches here, and the space after it. */
  match(expression: RegExp): RegExpExecArray | null {
    const match = this.#take(expression)
    if (match) this.skip()
    return match
  }

  /** Whether `expression` (flag `y`) matches here. */
  sees(expression: RegExp): boolean {
    expression.lastIndex = this.#at
    return expression.test(this.text)
  }

  skip(): void {
    this.#take(this.space)
  }

  /** Takes the JSON object that begins here. */
  object(): JsonObject {
    const symbol = /"(?:[^"\\]|\\.)*"|[{}]|[^"{}]+/y
    let depth = 0
    let end = this.#at
    do {
      symbol.lastIndex = end
      const [found] = symbol.exec(this.text) ?? []
      if (found === undefined) break
      depth += Number(found === '{') - Number(found === '}')
      end = symbol.lastIndex
    } while (depth > 0)
    try {
      const value: unknown = JSON.parse(this.text.slice(this.#at, end))
      if (!isJsonObject(value)) throw this.wrong('a JSON Schema')
      this.#at = end
      this.skip()
      return value
    } catch (cause) {
      if (!(cause instanceof SyntaxError)) throw cause
      throw this.wrong('a JSON Schema')
    }
  }

  /** Alternatives between bars, each read by `one`. */
  alternatives(one: () => Expression): Expression {
    if (++this.#depth > MAX_DEPTH) throw this.wrong(`no more than ${MAX_DEPTH} groups within each other`)
    const items = [one()]
    while (this.match(/\|/y)) items.push(one())
    this.#depth--
    return choice(...items)
  }

  /** The expression as often as `*`, `+` or `?` says. */
  repeatedBy(sign: string, item: Expression): Expression {
    return repeat(item, ...SIGNS[sign])
  }

  /** The expression `min` to `max` times. */
  repeated(item: Expression, min: number, max: number): Expression {
    const most = max === Number.POSITIVE_INFINITY ? min : max
    if (most < min) throw this.wrong(`what follows a repetition of ${min} to ${max} times, which is none,`)
    if (most > MAX_TIMES) throw this.wrong(`a repetition of at most ${MAX_TIMES} times`)
    return repeat(item, min, max)
  }

  /** The text that stands between quotes, with its escapes read. */
  unescaped(quoted: string): string {
    return quoted.replace(
      /\\(?:x([0-9A-Fa-f]{2})|u([0-9A-Fa-f]{4})|U([0-9A-Fa-f]{8})|([\s\S]))/g,
      (all, x?: string, u?: string, long?: string, char = '') => {
        const code = x ?? u ?? long
        if (code === undefined && !/[xuU]/.test(char)) return ESCAPES[char] ?? char
        const value = Number.parseInt(code ?? '', 16)
        if (value <= LAST_CODE_POINT) return String.fromCodePoint(value)
        throw this.wrong(`a text with known escapes, not ${all},`)
      },
    )
  }

  /** The error of what stands here. */
  wrong(what: string): InvalidRequest {
    const before = this.text.slice(0, this.#at)
    const line = before.split('\n').length
    const found = this.isAtEnd ? 'its end' : JSON.stringify(this.text.slice(this.#at, this.#at + 20))
    return new InvalidRequest(`The grammar's line ${line} has ${found} where ${what} should be.`)
  }

  #take(expression: RegExp): RegExpExecArray | null {
    expression.lastIndex = this.#at
    const match = expression.exec(this.text)
    if (match) this.#at = expression.lastIndex
    return match
  }
}
