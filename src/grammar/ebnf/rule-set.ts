import { InvalidRequest } from '../../core/errors'
import type { Expression } from '../automaton/expression'
import type { Rules } from '../automaton/rules'

/** The rules of a grammar's text by name, which may be called before they are defined. */
export function ruleSet(rules: Rules) {
  const defined = new Map<string, Expression>()
  const called = new Set<string>()
  return {
    call(name: string): Expression {
      called.add(name)
      return rules.call(name, () => get(name))
    },
    define(name: string, expression: Expression): void {
      if (defined.has(name)) throw new InvalidRequest(`The grammar has two rules ${name}.`)
      defined.set(name, expression)
    },
    /** What the rule `name` says, once all are defined. */
    start(name: string): Expression {
      for (const each of called) get(each)
      return get(name)
    },
  }
  function get(name: string): Expression {
    const expression = defined.get(name)
    if (expression) return expression
    const known = [...defined.keys()].slice(0, 20).join(', ') || 'none'
    throw new InvalidRequest(`The grammar has no rule ${name}. Its rules are ${known}.`)
  }
}
