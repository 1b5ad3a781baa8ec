import { choice, type Expression, literal, repeat, sequence } from '../automaton/expression'
import type { Rules } from '../automaton/rules'
import { MAX_DEPTH, MAX_TIMES } from '../limits'
import { ANY } from '../text/classes'
import { utf8 } from '../text/code-points'
import { parsePattern } from '../text/parse-pattern'
import { ruleSet } from './rule-set'
import { Scanner } from './scanner'

const SPACE = /(?:\s|#[^\n]*)*/y
const NAME = /[A-Za-z][\w-]*/y

/** A grammar in llama.cpp's notation, GBNF. @throws InvalidRequest, with the line */
export function parseGbnf(text: string, rules: Rules): Expression {
  const set = ruleSet(rules)
  const scanner = new Scanner(text, SPACE)
  let depth = 0

  const alternatives = (): Expression => {
    if (++depth > MAX_DEPTH) throw scanner.wrong(`no more than ${MAX_DEPTH} groups within each other`)
    const items = [items1()]
    while (scanner.match(/\|/y)) items.push(items1())
    depth--
    return choice(...items)
  }
  const items1 = (): Expression => {
    const items: Expression[] = []
    // a name with ::= after it is the next rule
    while (!scanner.isAtEnd && !scanner.sees(/[|)]|[A-Za-z][\w-]*\s*::=/y)) items.push(repeated(item()))
    return sequence(...items)
  }
  const item = (): Expression => {
    const quoted = scanner.match(/"((?:[^"\\]|\\.)*)"/sy)
    if (quoted) return literal(unescaped(quoted[1]))
    const set1 = scanner.match(/\[(?:[^\]\\]|\\.)*\]/sy)
    if (set1) return classOf(set1[0])
    if (scanner.match(/\./y)) return utf8(ANY)
    if (scanner.match(/\(/y)) {
      const inner = alternatives()
      if (!scanner.match(/\)/y)) throw scanner.wrong(')')
      return inner
    }
    const name = scanner.match(NAME)
    if (!name) throw scanner.wrong('a text, a class, a rule or a group')
    return set.call(name[0])
  }
  const repeated = (expression: Expression): Expression => {
    const times = scanner.match(/([*+?])|\{(\d+)(,?)(\d*)\}/y)
    if (!times) return expression
    const [, sign, least, comma, most] = times
    if (sign) return repeated(repeat(expression, sign === '+' ? 1 : 0, sign === '?' ? 1 : Number.POSITIVE_INFINITY))
    const max = comma === '' ? Number(least) : most === '' ? Number.POSITIVE_INFINITY : Number(most)
    if (Number(least) > MAX_TIMES || (max > MAX_TIMES && max < Number.POSITIVE_INFINITY))
      throw scanner.wrong(`a repetition of at most ${MAX_TIMES} times`)
    return repeated(repeat(expression, Number(least), max))
  }

  scanner.skip()
  while (!scanner.isAtEnd) {
    const name = scanner.match(NAME)
    if (!name || !scanner.match(/::=/y)) throw scanner.wrong('a rule, as in name ::= …')
    set.define(name[0], alternatives())
    if (!scanner.isAtEnd && !scanner.sees(NAME)) throw scanner.wrong('a rule, as in name ::= …')
  }
  return set.start('root')
}

/** A class as in regular expressions. */
function classOf(source: string): Expression {
  const node = parsePattern(source.replace(/\\U([0-9A-Fa-f]{8})/g, (_, code: string) => `\\u{${code.slice(2)}}`))
  const [set] = node.type === 'sequence' ? node.items : [node]
  return set.type === 'set' ? utf8(set.codePoints) : sequence()
}

const ESCAPES: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t' }

function unescaped(text: string): string {
  return text.replace(/\\(?:x([0-9A-Fa-f]{2})|u([0-9A-Fa-f]{4})|U([0-9A-Fa-f]{8})|([\s\S]))/g, (...match: string[]) => {
    const [, x, u, long, char] = match
    const code = x ?? u ?? long
    return code === undefined ? (ESCAPES[char] ?? char) : String.fromCodePoint(Number.parseInt(code, 16))
  })
}
