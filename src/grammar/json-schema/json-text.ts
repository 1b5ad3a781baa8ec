import { minimised } from '../automaton/automaton'
import { determinise } from '../automaton/determinise'
import { byteRange, choice, type Expression, embed, literal, optional, repeat, sequence } from '../automaton/expression'
import { Budget } from '../limits'
import { ANY } from '../text/classes'
import { type CodePoints, complement, utf8, without } from '../text/code-points'
import type { Writer } from '../text/pattern-node'

/** Code points that a JSON text does not write as themselves. */
const ESCAPED: CodePoints = [
  [0x00, 0x1f],
  [0x22, 0x22],
  [0x5c, 0x5c],
]

/** Digits that a number has before and after its point at most: as many as JavaScript writes. */
export const MAX_INTEGER_DIGITS = 21
export const MAX_FRACTION_DIGITS = 24

/** One of these code points within a string, as `JSON.stringify` writes it. */
function inString(codePoints: CodePoints): Expression {
  const plain = without(codePoints, ESCAPED)
  const escaped = without(ESCAPED, complement(codePoints))
  const items = plain.length > 0 ? [utf8(plain)] : []
  for (const [from, to] of escaped) {
    for (let code = from; code <= to; code++)
      items.push(literal(JSON.stringify(String.fromCodePoint(code)).slice(1, -1)))
  }
  return choice(...items)
}

/** The same, each set made once. */
export function stringWriter(budget: Budget): Writer {
  const made = new Map<CodePoints, Expression>()
  return codePoints => {
    const known = made.get(codePoints) ?? embed(minimised(determinise(inString(codePoints), budget)))
    made.set(codePoints, known)
    return known
  }
}

const QUOTE = literal('"')

/** The content of a string in its quotes. */
export function quoted(content: Expression): Expression {
  return sequence(QUOTE, content, QUOTE)
}

/** Any code point in a string. */
export const CHARACTER: Expression = embed(minimised(determinise(inString(ANY), new Budget())))

/** Any string. */
export const STRING: Expression = quoted(repeat(CHARACTER, 0))

export const DIGIT = byteRange(0x30, 0x39)
const NONZERO = byteRange(0x31, 0x39)
const MINUS = optional(literal('-'))

const WHOLE = choice(literal('0'), sequence(NONZERO, repeat(DIGIT, 0, MAX_INTEGER_DIGITS - 1)))
export const FRACTION = sequence(literal('.'), repeat(DIGIT, 1, MAX_FRACTION_DIGITS))

/** Up to 1e307, so that every number is finite. */
const EXPONENT = sequence(
  choice(literal('e'), literal('E')),
  optional(choice(literal('+'), literal('-'))),
  choice(
    repeat(DIGIT, 1, 2),
    sequence(byteRange(0x31, 0x32), DIGIT, DIGIT),
    sequence(literal('30'), byteRange(0x30, 0x37)),
  ),
)

export const INTEGER: Expression = sequence(MINUS, WHOLE)
/** A number without exponent. */
export const DECIMAL: Expression = sequence(MINUS, WHOLE, optional(FRACTION))
export const NUMBER: Expression = choice(DECIMAL, sequence(MINUS, DIGIT, optional(FRACTION), EXPONENT))
