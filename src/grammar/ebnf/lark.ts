import type { JsonObject } from '../../core/json'
import { EMPTY, type Expression, literal, NOTHING, optional, sequence } from '../automaton/expression'
import type { Rules } from '../automaton/rules'
import { utf8 } from '../text/code-points'
import { parsePattern } from '../text/parse-pattern'
import { textsOf } from '../text/pattern-node'
import { ruleSet } from './rule-set'
import { Scanner } from './scanner'

const SPACE = /(?:\s|\/\/[^\n]*)*/y
const NAME = /[A-Za-z_]\w*/y
/** A rule's begin, which ends the one before; its priority changes nothing about what it says. */
const RULE = /[?!]?([A-Za-z_]\w*)(?:\.-?\d+)?\s*:/y

/**
 * A grammar in Lark's notation, as far as it says a set of texts: rules, terminals, texts, regular expressions, ranges,
 * groups, `[…]`, repetitions; and `%json {…}`, a value of a JSON Schema, as in llguidance. `ofSchema`: what such a value is.
 * @throws InvalidRequest, with the line; for directives like %import and %ignore, flags, templates
 */
export function parseLark(text: string, rules: Rules, ofSchema: (schema: JsonObject) => Expression): Expression {
  const set = ruleSet(rules)
  const scanner = new Scanner(text, SPACE)

  const alternatives = () => scanner.alternatives(oneAfterAnother)
  const oneAfterAnother = (): Expression => {
    const items: Expression[] = []
    while (!scanner.isAtEnd && !scanner.sees(/[|)\]]|->/y) && !scanner.sees(RULE)) items.push(repeated(item()))
    if (scanner.match(/->/y) && !scanner.match(NAME)) throw scanner.wrong('the name of an alternative')
    return sequence(...items)
  }
  const item = (): Expression => {
    const quoted = scanner.match(/"((?:[^"\\\n]|\\.)*)"(?![a-z])/y)
    if (quoted) {
      const text = scanner.unescaped(quoted[1])
      const end = scanner.match(/\.\.\s*"((?:[^"\\\n]|\\.)*)"/y)
      return end ? range(text, scanner.unescaped(end[1])) : literal(text)
    }
    if (scanner.match(/%json\b/y)) return ofSchema(scanner.object())
    const pattern = scanner.match(/\/((?:[^/\\\n]|\\.)+)\/(?![a-z])/y)
    if (pattern) return textsOf(parsePattern(pattern[1]), utf8, EMPTY)
    for (const [open, close] of [
      [/\(/y, /\)/y],
      [/\[/y, /\]/y],
    ]) {
      if (!scanner.match(open)) continue
      const inner = alternatives()
      if (!scanner.match(close)) throw scanner.wrong(close.source.slice(1))
      return open.source === '\\[' ? optional(inner) : inner
    }
    const name = scanner.match(NAME)
    if (!name) throw scanner.wrong('a text or regular expression without flags, a rule or a group')
    return set.call(name[0])
  }
  const range = (from: string, to: string): Expression => {
    const [low, high] = [from.codePointAt(0), to.codePointAt(0)]
    if (low === undefined || high === undefined || [...from].length > 1 || [...to].length > 1) {
      throw scanner.wrong('a range of single characters before what follows')
    }
    return low <= high ? utf8([[low, high]]) : NOTHING
  }
  const repeated = (expression: Expression): Expression => {
    // the ? of ?name: is the next rule's
    if (scanner.sees(RULE)) return expression
    const times = scanner.match(/([*+?])|~\s*(\d+)(?:\s*\.\.\s*(\d+))?/y)
    if (!times) return expression
    const [, sign, least, most = least] = times
    if (sign) return repeated(scanner.repeatedBy(sign, expression))
    return repeated(scanner.repeated(expression, Number(least), Number(most)))
  }

  scanner.skip()
  while (!scanner.isAtEnd) {
    const rule = scanner.match(RULE)
    if (!rule) throw scanner.wrong('a rule, as in name: …,')
    set.define(rule[1], alternatives())
    if (!scanner.isAtEnd && !scanner.sees(RULE)) throw scanner.wrong('a rule, as in name: …,')
  }
  return set.start('start')
}
