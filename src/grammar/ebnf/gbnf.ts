import { EMPTY, type Expression, literal, sequence } from '../automaton/expression'
import type { Rules } from '../automaton/rules'
import { ANY } from '../text/classes'
import { utf8 } from '../text/code-points'
import { parsePattern } from '../text/parse-pattern'
import { textsOf } from '../text/pattern-node'
import { ruleSet } from './rule-set'
import { Scanner } from './scanner'

const SPACE = /(?:\s|#[^\n]*)*/y
const NAME = /[A-Za-z][\w-]*/y

/** A grammar in llama.cpp's notation, GBNF. @throws InvalidRequest, with the line */
export function parseGbnf(text: string, rules: Rules): Expression {
  const set = ruleSet(rules)
  const scanner = new Scanner(text, SPACE)

  const alternatives = () => scanner.alternatives(oneAfterAnother)
  const oneAfterAnother = (): Expression => {
    const items: Expression[] = []
    // a name with ::= after it is the next rule
    while (!scanner.isAtEnd && !scanner.sees(/[|)]|[A-Za-z][\w-]*\s*::=/y)) items.push(repeated(item()))
    return sequence(...items)
  }
  const item = (): Expression => {
    const quoted = scanner.match(/"((?:[^"\\]|\\.)*)"/sy)
    if (quoted) return literal(scanner.unescaped(quoted[1]))
    const characters = scanner.match(/\[(?:[^\]\\]|\\.)*\]/sy)
    if (characters) return textsOf(parsePattern(asPattern(characters[0])), utf8, EMPTY)
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
    if (sign) return repeated(scanner.repeatedBy(sign, expression))
    const max = comma === '' ? Number(least) : most === '' ? Number.POSITIVE_INFINITY : Number(most)
    return repeated(scanner.repeated(expression, Number(least), max))
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

/** A class, which is one of regular expressions but for the escape of eight digits. */
function asPattern(characters: string): string {
  return characters.replace(/\\(?:U([0-9A-Fa-f]{8})|[\s\S])/g, (all, code?: string) => {
    return code ? `\\u{${Number.parseInt(code, 16).toString(16)}}` : all
  })
}
