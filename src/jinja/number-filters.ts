import { indexOf } from './arguments'
import { binary, unary } from './arithmetic'
import { boundedInteger } from './budget'
import { type Builtin, builtin } from './builtin'
import { numberOf } from './compare'
import { truncated } from './format'
import { roundedQuotient, toFixed } from './round'
import { strip } from './spaces'
import { failure } from './template-error'
import { needText } from './text'
import { textOf, typeName, Undefined, type Value } from './values'

const FLOAT = /^[+-]?(?:(?:\d+(?:_\d+)*\.?(?:\d+(?:_\d+)*)?|\.\d+(?:_\d+)*)(?:e[+-]?\d+(?:_\d+)*)?|inf(?:inity)?|nan)$/i
/** Most digits: an integer with more is over its limit in every base. */
const MAX_DIGITS = 1100

/** `float(value)`, or undefined where Python raises a ValueError or a TypeError. */
function toFloat(value: Value): number | undefined {
  const text = textOf(value)
  if (text === undefined) {
    const number = numberOf(value)
    return number === undefined ? undefined : Number(number)
  }
  const digits = strip(text, 'both').replace(/(?<=\d)_(?=\d)/g, '')
  if (digits.length > 10_000 || !FLOAT.test(digits)) return undefined
  if (/nan/i.test(digits)) return Number.NaN
  return /inf/i.test(digits) ? (digits[0] === '-' ? -Infinity : Infinity) : Number(digits)
}

/** `int(value, base)`, or undefined where Python raises a ValueError or a TypeError. */
function toInteger(value: Value, base: number): bigint | undefined {
  const text = textOf(value)
  if (text === undefined) {
    const number = numberOf(value)
    return typeof number === 'number' ? (Number.isNaN(number) ? undefined : truncated(number)) : number
  }
  return parseInteger(strip(text, 'both'), base)
}

function parseInteger(text: string, base: number): bigint | undefined {
  const match = /^([+-]?)(0[xob])?_?([\da-z]+(?:_[\da-z]+)*)$/i.exec(text.length > MAX_DIGITS ? '' : text)
  if (!match) return undefined
  const [, sign, prefix = '', body] = match
  const named = { '0x': 16, '0o': 8, '0b': 2 }[prefix.toLowerCase()]
  // where the base is not the one that a prefix names, `0b1` may be digits
  const isPrefix = prefix !== '' && (base === 0 || base === named)
  const radix = base === 0 ? (named ?? 10) : base
  const digits = (isPrefix ? body : prefix + body).replaceAll('_', '').toLowerCase()
  if (base === 0 && !named && /^0+[1-9]/.test(digits)) return undefined
  let result = 0n
  for (const digit of digits) {
    const worth = Number.parseInt(digit, 36)
    if (worth >= radix) return undefined
    result = result * BigInt(radix) + BigInt(worth)
  }
  return boundedInteger(sign === '-' ? -result : result)
}

export const NUMBER_FILTERS: Readonly<Record<string, Builtin>> = {
  abs: builtin('', (_, value) => {
    const number = numberOf(value)
    if (typeof number === 'number') return Math.abs(number)
    return number !== undefined && number >= 0n ? number : unary('-', value)
  }),
  float: builtin('default', (_, value, fallback = 0) => convert(value, toFloat) ?? fallback),
  int: builtin('default base', (_, value, fallback = 0n, base = 10n) => {
    const integer = convert(value, subject => toInteger(subject, indexOf(base, 10)))
    if (integer !== undefined) return integer
    const float = convert(value, toFloat)
    return float === undefined || Number.isNaN(float) ? fallback : truncated(float)
  }),
  round: builtin('precision method', (run, value, precision = 0n, method = 'common') => {
    const name = needText(method, 'method')
    if (!['common', 'ceil', 'floor'].includes(name)) throw failure('method must be common, ceil or floor')
    const number = numberOf(value)
    if (number === undefined) {
      throw failure(
        value instanceof Undefined ? value.message : `type ${typeName(value)} doesn't define __round__ method`,
      )
    }
    const digits = indexOf(precision, 0)
    if (name === 'common') return round(number, digits)
    const scale = binary(run, '**', 10n, BigInt(digits))
    const scaled = Number(binary(run, '*', number, scale))
    const whole = truncated(name === 'ceil' ? Math.ceil(scaled) : Math.floor(scaled))
    return binary(run, '/', whole, scale)
  }),
}

/** The value that `to` makes of another. Python does not convert an undefined one: its error is none of those that conversions catch. */
function convert<T>(value: Value, to: (value: Value) => T): T {
  if (value instanceof Undefined) throw failure(value.message)
  return to(value)
}

function round(number: bigint | number, digits: number): Value {
  if (typeof number === 'bigint') {
    if (digits >= 0) return number
    const unit = 10n ** BigInt(Math.min(-digits, 400))
    const size = roundedQuotient(number < 0n ? -number : number, unit) * unit
    return number < 0n ? -size : size
  }
  if (!Number.isFinite(number) || digits > 323) return number
  if (digits >= 0) return Number(toFixed(number, digits))
  const unit = 10n ** BigInt(Math.min(-digits, 400))
  // a whole number's half decides alone; what is behind the point only breaks its tie
  const scaled = BigInt(Math.trunc(Math.abs(number))) * 2n + (Number.isInteger(number) ? 0n : 1n)
  const size = Number(roundedQuotient(scaled, unit * 2n) * unit)
  return number < 0 ? -size : size
}
