import {
  byteRange,
  choice,
  type Expression,
  literal,
  NOTHING,
  optional,
  repeat,
  sequence,
} from '../automaton/expression'
import { DIGIT, FRACTION, MAX_FRACTION_DIGITS, MAX_INTEGER_DIGITS } from './json-text'

/** A limit of numbers; exclusive: the limit itself is beyond it. */
export interface Bound {
  readonly value: number
  readonly isExclusive: boolean
}

/** The decimals, without exponent, from `low` on and up to `high`; each may be absent. */
export function decimalsWithin(low: Bound | undefined, high: Bound | undefined, within: Within): Expression {
  const least = low ?? { value: Number.NEGATIVE_INFINITY, isExclusive: false }
  const most = high ?? { value: Number.POSITIVE_INFINITY, isExclusive: false }
  const items: Expression[] = []
  if (most.value >= 0) items.push(magnitudes(least, most, within))
  if (least.value <= 0) {
    const mirrored = (bound: Bound) => ({ ...bound, value: -bound.value })
    items.push(sequence(literal('-'), magnitudes(mirrored(most), mirrored(least), within)))
  }
  return choice(...items)
}

/** Whether the digits of a limit are as few as those of numbers that are written. */
export function canBound(value: number): boolean {
  if (!Number.isFinite(value)) return false
  const [whole, fraction] = digitsOf(Math.abs(value))
  return whole.length <= MAX_INTEGER_DIGITS && fraction.length <= MAX_FRACTION_DIGITS
}

/** Makes the expression of what satisfies all of several. */
export type Within = (all: readonly Expression[]) => Expression

/** The decimals without sign within bounds, of which the lower may be negative. */
function magnitudes(low: Bound, high: Bound, within: Within): Expression {
  const all: Expression[] = [above({ value: 0, isExclusive: false })]
  if (low.value >= 0) all.push(above(low))
  if (high.value < Number.POSITIVE_INFINITY) all.push(below(high))
  return within(all)
}

/** The decimals from a bound on, which is at least 0. */
function above({ value, isExclusive }: Bound): Expression {
  const [whole, fraction] = digitsOf(value)
  const items: Expression[] = []
  const anyFraction = optional(FRACTION)
  if (whole.length < MAX_INTEGER_DIGITS) {
    const more = repeat(DIGIT, whole.length, MAX_INTEGER_DIGITS - 1)
    items.push(sequence(byteRange(0x31, 0x39), more, anyFraction))
  }
  for (let at = 0; at < whole.length; at++) {
    const rest = repeat(DIGIT, whole.length - at - 1, whole.length - at - 1)
    // no leading zero: 0 has one digit, and what is greater than it and begins with one does not begin with 0
    items.push(sequence(literal(whole.slice(0, at)), digitAfter(whole, at), rest, anyFraction))
  }
  const point = literal(`${whole}.`)
  for (let at = 0; at < fraction.length; at++) {
    items.push(sequence(point, literal(fraction.slice(0, at)), digitAfter(fraction, at), digits(0, at + 1)))
  }
  const same = sequence(point, literal(fraction))
  if (isExclusive) {
    for (let at = fraction.length; at < MAX_FRACTION_DIGITS; at++) {
      items.push(sequence(same, literal('0'.repeat(at - fraction.length)), byteRange(0x31, 0x39), digits(0, at + 1)))
    }
  } else if (fraction !== '') items.push(sequence(same, digits(0, fraction.length)))
  else items.push(sequence(literal(whole), anyFraction))
  return choice(...items)
}

/** The decimals up to a bound, which is at least 0. */
function below({ value, isExclusive }: Bound): Expression {
  const [whole, fraction] = digitsOf(value)
  const anyFraction = optional(FRACTION)
  const items: Expression[] = []
  if (whole.length > 1) {
    items.push(sequence(literal('0'), anyFraction))
    items.push(sequence(byteRange(0x31, 0x39), repeat(DIGIT, 0, whole.length - 2), anyFraction))
  }
  for (let at = 0; at < whole.length; at++) {
    const rest = repeat(DIGIT, whole.length - at - 1, whole.length - at - 1)
    const isFirstOfMany = at === 0 && whole.length > 1
    items.push(sequence(literal(whole.slice(0, at)), digitBefore(whole, at, isFirstOfMany), rest, anyFraction))
  }
  const point = literal(`${whole}.`)
  for (let at = 0; at < fraction.length; at++) {
    items.push(sequence(point, literal(fraction.slice(0, at)), digitBefore(fraction, at, false), digits(0, at + 1)))
    // a shorter text is less
    if (at > 0) items.push(sequence(point, literal(fraction.slice(0, at))))
  }
  if (fraction !== '') items.push(literal(whole))
  if (!isExclusive) {
    const zeros = MAX_FRACTION_DIGITS - fraction.length
    if (fraction !== '') items.push(sequence(point, literal(fraction), repeat(literal('0'), 0, zeros)))
    else items.push(literal(whole), sequence(point, repeat(literal('0'), 1, zeros)))
  }
  return choice(...items)
}

/** The digits of a number before and after its point, the latter without zeros at the end. */
function digitsOf(value: number): [whole: string, fraction: string] {
  const text = String(value)
  const [mantissa, exponent = '0'] = text.split('e')
  const [whole, fraction = ''] = mantissa.split('.')
  const shift = Number(exponent)
  if (shift > 0) return [whole + fraction.padEnd(shift, '0').slice(0, shift), fraction.slice(shift)]
  if (shift === 0) return [whole, fraction]
  const padded = whole.padStart(1 - shift, '0')
  return [padded.slice(0, padded.length + shift), padded.slice(shift) + fraction]
}

function digits(least: number, taken: number): Expression {
  return repeat(DIGIT, least, MAX_FRACTION_DIGITS - taken)
}

function digitAfter(text: string, at: number): Expression {
  return text[at] === '9' ? NOTHING : byteRange(text.charCodeAt(at) + 1, 0x39)
}

function digitBefore(text: string, at: number, isNotZero: boolean): Expression {
  const least = isNotZero ? 0x31 : 0x30
  return text.charCodeAt(at) <= least ? NOTHING : byteRange(least, text.charCodeAt(at) - 1)
}
