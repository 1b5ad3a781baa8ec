import { numberOf } from './compare'
import { toFixed } from './round'
import type { Run } from './run'
import { failure, unsupported } from './template-error'
import { exponentOf, hexEscape, repr, reprFloat, str } from './text'
import { codePoints, Dict, lengthOf, Tuple, textOf, typeName, type Value } from './values'

/** The form in which one value is to be written, as `%-5.2f` and `{:<5.2f}` ask for it. */
interface Spec {
  readonly type: string
  readonly fill: string
  readonly align: string
  /** The sign of numbers that are not negative: `+`, ` ` or nothing. */
  readonly sign: string
  readonly isAlternate: boolean
  readonly width: number
  readonly precision: number | undefined
  readonly separator: string
}

const PERCENT =
  /%(?:\((?<key>[^)]*)\))?(?<flags>[#0 +-]*)(?<width>\*|\d*)(?:\.(?<precision>\*|\d*))?[hlL]?(?<type>.?)/gs

/** `text % value` */
export function formatPercent(run: Run, text: string, value: Value): string {
  const positional: readonly Value[] = value instanceof Tuple ? value : [value]
  let next = 0
  const take = () => {
    if (next >= positional.length) throw failure('not enough arguments for format string')
    return positional[next++]
  }
  const size = (digits: string | undefined) => Number(digits === '*' ? numberOf(take()) : digits || 0)
  run.budget.characters(text.length)
  let usesKeys = false
  const result = text.replace(PERCENT, (...match) => {
    const { key, flags, width, precision, type } = match.at(-1) as Record<string, string | undefined>
    if (type === '%') return '%'
    if (key !== undefined) usesKeys = true
    const spec = {
      type: type ?? '',
      fill: flags?.includes('0') && !flags.includes('-') && !/[sra]/.test(type ?? '') ? '0' : ' ',
      align: flags?.includes('-') ? '<' : flags?.includes('0') && !/[sra]/.test(type ?? '') ? '=' : '>',
      sign: flags?.includes('+') ? '+' : flags?.includes(' ') ? ' ' : '',
      isAlternate: Boolean(flags?.includes('#')),
      width: size(width),
      precision: precision === undefined ? undefined : size(precision),
      separator: '',
    }
    return percentValue(run, spec, key === undefined ? take() : fieldOf(value, key))
  })
  const isConsumed =
    value instanceof Tuple || textOf(value) !== undefined || numberOf(value) !== undefined || value === null
  if (!usesKeys && next < positional.length && isConsumed) {
    throw failure('not all arguments converted during string formatting')
  }
  return result
}

function fieldOf(value: Value, key: string): Value {
  if (!(value instanceof Dict)) throw failure('format requires a mapping')
  const field = value.get(key)
  if (field === undefined) throw failure(`KeyError: '${key}'`)
  return field
}

function percentValue(run: Run, spec: Spec, value: Value): string {
  if (spec.type === 's') return written(run, spec, cut(str(run, value), spec.precision))
  if (spec.type === 'r') return written(run, spec, cut(repr(run, value), spec.precision))
  if (spec.type === 'a') return written(run, spec, cut(ascii(repr(run, value)), spec.precision))
  if (spec.type === 'c') return written(run, spec, character(value))
  const number = numberOf(value)
  if (number === undefined) {
    throw failure(`%${spec.type} format: a real number is required, not ${typeName(value)}`)
  }
  if (/[diu]/.test(spec.type)) {
    const digits = { ...spec, type: 'd', precision: undefined }
    return writtenNumber(run, digits, typeof number === 'number' ? truncated(number) : number, spec.precision)
  }
  if (/[xXo]/.test(spec.type) && typeof number === 'number') {
    throw failure(`%${spec.type} format: an integer is required, not float`)
  }
  return writtenNumber(run, spec, number, /[xXo]/.test(spec.type) ? spec.precision : undefined)
}

const cut = (text: string, precision: number | undefined) =>
  precision === undefined ? text : Array.from(codePoints(text).slice(0, precision)).join('')

const ascii = (text: string) => text.replace(/\P{ASCII}/gu, letter => hexEscape(letter.codePointAt(0) ?? 0))

function character(value: Value): string {
  const text = textOf(value)
  if (text !== undefined && lengthOf(text) === 1) return text
  if (typeof value === 'bigint' && value >= 0n && value < 0x110000n) return String.fromCodePoint(Number(value))
  throw failure('%c requires int or char')
}

/** The whole number towards 0, as `int(value)` has it. */
export function truncated(value: number): bigint {
  if (!Number.isFinite(value)) throw failure(`cannot convert float ${reprFloat(value)} to integer`)
  return BigInt(Math.trunc(value))
}

/** A text with its sign, filled up to the width of `spec`. */
function written(run: Run, spec: Spec, text: string, sign = ''): string {
  const missing = spec.width - lengthOf(text) - sign.length
  if (missing <= 0) return sign + text
  run.budget.characters(spec.width)
  const before = spec.align === '^' ? missing >> 1 : spec.align === '<' ? 0 : missing
  const [left, right] = [spec.fill.repeat(before), spec.fill.repeat(missing - before)]
  return spec.align === '=' ? sign + left + text + right : left + sign + text + right
}

function writtenNumber(run: Run, spec: Spec, number: bigint | number, minDigits = 0): string {
  const isNegative = number < 0 || Object.is(number, -0)
  let text =
    typeof number === 'bigint' && /^[dxXobn]$/.test(spec.type)
      ? integerDigits(spec, number)
      : floatDigits(run, spec, Number(number))
  if (text.length < minDigits) {
    run.budget.characters(minDigits)
    text = text.padStart(minDigits, '0')
  }
  if (spec.separator) text = text.replace(/^\d+/, digits => digits.replace(/\B(?=(?:\d{3})+$)/g, spec.separator))
  return written(run, spec, text, isNegative ? '-' : spec.sign)
}

function integerDigits(spec: Spec, number: bigint): string {
  const base = { x: 16, X: 16, o: 8, b: 2 }[spec.type] ?? 10
  const digits = (number < 0n ? -number : number).toString(base)
  return (spec.isAlternate && base !== 10 ? `0${spec.type}` : '') + (spec.type === 'X' ? digits.toUpperCase() : digits)
}

function floatDigits(run: Run, spec: Spec, number: number): string {
  const size = Math.abs(number)
  const isUpper = spec.type !== spec.type.toLowerCase()
  if (!Number.isFinite(size)) {
    const name = Number.isNaN(size) ? 'nan' : 'inf'
    return (isUpper ? name.toUpperCase() : name) + (spec.type === '%' ? '%' : '')
  }
  const precision = spec.precision ?? 6
  run.budget.characters(precision)
  switch (spec.type.toLowerCase()) {
    case 'f':
      return toFixed(size, precision)
    case '%':
      return `${toFixed(size * 100, precision)}%`
    case 'e':
      return exponential(size, precision, isUpper)
    case 'g':
      return general(size, precision || 1, isUpper)
    case '':
      if (spec.precision === undefined) return reprFloat(size)
  }
  throw unsupported(`It formats a float by '${spec.type}' and a precision.`)
}

function exponential(size: number, precision: number, isUpper: boolean): string {
  if (precision > 100) throw unsupported('It formats a float with more than 100 digits.')
  const [mantissa, exponent] = size.toExponential(precision).split('e')
  return mantissa + (isUpper ? 'E' : 'e') + exponentOf(Number(exponent))
}

function general(size: number, precision: number, isUpper: boolean): string {
  const [mantissa, exponent] = exponential(size, precision - 1, false).split('e')
  const power = Number(exponent)
  const isShort = power >= -4 && power < precision
  const digits = isShort ? toFixed(size, precision - 1 - power) : mantissa
  const trimmed = digits.includes('.') ? digits.replace(/\.?0+$/, '') : digits
  return isShort ? trimmed : trimmed + (isUpper ? 'E' : 'e') + exponentOf(power)
}

const FORMAT_SPEC =
  /^(?:(?<fill>.)?(?<align>[<>=^]))?(?<sign>[ +-])?(?<alternate>#)?(?<zero>0)?(?<width>\d+)?(?<separator>[,_])?(?:\.(?<precision>\d+))?(?<type>[bcdeEfFgGnosxX%])?$/su

/** `format(value, spec)` */
export function formatValue(run: Run, value: Value, text: string): string {
  if (text === '') return str(run, value)
  const groups = FORMAT_SPEC.exec(text)?.groups
  if (!groups) throw failure(`Invalid format specifier '${text}'`)
  const number = numberOf(value)
  const isNumber = number !== undefined
  const spec = {
    type: groups.type ?? (typeof number === 'bigint' ? 'd' : ''),
    fill: groups.fill ?? (groups.zero ? '0' : ' '),
    align: groups.align ?? (groups.zero && isNumber ? '=' : isNumber ? '>' : '<'),
    sign: groups.sign === '-' ? '' : (groups.sign ?? ''),
    isAlternate: Boolean(groups.alternate),
    width: Number(groups.width ?? 0),
    precision: groups.precision === undefined ? undefined : Number(groups.precision),
    separator: groups.separator ?? '',
  }
  if (textOf(value) === undefined && !isNumber) {
    throw failure(`unsupported format string passed to ${typeName(value)}.__format__`)
  }
  if (!isNumber) {
    if (!/^s?$/.test(spec.type))
      throw failure(`Unknown format code '${spec.type}' for object of type '${typeName(value)}'`)
    return written(run, spec, cut(str(run, value), spec.precision))
  }
  if (spec.type === 's') throw failure(`Unknown format code 's' for object of type '${typeName(value)}'`)
  if (spec.type === 'c') return written(run, spec, character(value))
  if (typeof number === 'number' && /[dxXobn]/.test(spec.type)) {
    throw failure(`Unknown format code '${spec.type}' for object of type 'float'`)
  }
  return writtenNumber(run, spec, number)
}
