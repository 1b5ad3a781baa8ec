import { InvalidRequest } from '../core/errors'
import type { JsonObject } from '../core/json'
import type { StructuredOutputs } from '../core/structured-outputs'
import { choice, EMPTY, type Expression, literal } from './automaton/expression'
import { type Program, Rules } from './automaton/rules'
import { parseGbnf } from './ebnf/gbnf'
import { parseLark } from './ebnf/lark'
import { compileSchema } from './json-schema/compile-schema'
import { asSchema } from './json-schema/schema-error'
import { Budget, MAX_SOURCE_CHARS } from './limits'
import { utf8 } from './text/code-points'
import { parsePattern } from './text/parse-pattern'
import { textsOf } from './text/pattern-node'

/**
 * The program of what an answer must be, for any vocabulary.
 * @throws InvalidRequest for what is wrong, not supported, admits nothing, or is beyond the limits (limits.ts)
 */
export function compileProgram(spec: StructuredOutputs): Program {
  try {
    return compiled(spec)
  } catch (cause) {
    // the stack's end, which Firefox calls an InternalError; a schema may be nested without bound
    if (!(cause instanceof RangeError) && (cause as Error).name !== 'InternalError') throw cause
    throw new InvalidRequest('The grammar has too many levels within each other.', { cause })
  }
}

function compiled(spec: StructuredOutputs): Program {
  const { length } = JSON.stringify(spec)
  if (length > MAX_SOURCE_CHARS) {
    throw new InvalidRequest(`The grammar has ${length} characters, above the limit of ${MAX_SOURCE_CHARS}.`)
  }
  const rules = new Rules()
  const budget = new Budget()
  return rules.program(expressionOf(spec, rules, budget), budget)
}

function expressionOf(spec: StructuredOutputs, rules: Rules, budget: Budget): Expression {
  if ('regex' in spec) return textsOf(parsePattern(spec.regex), utf8, EMPTY)
  if ('choice' in spec) return choice(...spec.choice.map(literal))
  if ('grammar' in spec) {
    if (/::=/.test(spec.grammar)) return parseGbnf(spec.grammar, rules)
    return parseLark(spec.grammar, rules, schema => compileSchema(schema, rules, budget, true))
  }
  const schema = 'jsonObject' in spec ? { type: 'object' } : schemaOf(spec.json)
  return compileSchema(schema, rules, budget, spec.whitespace ?? false)
}

function schemaOf(json: JsonObject | boolean | string): JsonObject | boolean {
  if (typeof json !== 'string') return json
  try {
    return asSchema(JSON.parse(json))
  } catch (cause) {
    if (!(cause instanceof SyntaxError)) throw cause
    throw new InvalidRequest(`The schema is no JSON: ${cause.message}`, { cause })
  }
}
