import { Range } from './range'
import type { Run } from './run'
import { failure, unsupported } from './template-error'
import { Dict, Markup, PyFunction, type PyObject, Tuple, typeName, Undefined, type Value, View } from './values'

/** `str(value)`: what printing writes. */
export function str(run: Run, value: Value): string {
  if (typeof value === 'string') return value
  if (value instanceof Markup) return value.text
  if (value instanceof Undefined) return ''
  return repr(run, value)
}

/** `repr(value)` */
export function repr(run: Run, value: Value): string {
  switch (typeof value) {
    case 'string':
      run.budget.read(value.length)
      return reprText(value)
    case 'bigint':
      return String(value)
    case 'boolean':
      return value ? 'True' : 'False'
    case 'number':
      return reprFloat(value)
  }
  if (value === null) return 'None'
  if (value instanceof Dict) {
    return `{${joined(run, value.entries(), ([key, item]) => `${repr(run, key)}: ${repr(run, item)}`)}}`
  }
  const each = (items: readonly Value[]) => joined(run, items, item => repr(run, item))
  if (value instanceof Tuple) return `(${each(value)}${value.length === 1 ? ',' : ''})`
  if (Array.isArray(value)) return `[${each(value)}]`
  if (value instanceof View) return `${value.type}([${each(value.values)}])`
  return reprObject(run, value)
}

function joined<T>(run: Run, items: Iterable<T>, write: (item: T) => string): string {
  const parts: string[] = []
  for (const item of items) {
    const part = write(item)
    run.budget.steps(1)
    run.budget.characters(part.length + 2)
    parts.push(part)
  }
  return parts.join(', ')
}

function reprObject(run: Run, value: PyObject): string {
  if (value instanceof Undefined) return 'Undefined'
  if (value instanceof Markup) return `Markup(${reprText(value.text)})`
  if (value instanceof Range) {
    return `range(${value.start}, ${value.stop}${value.step === 1n ? '' : `, ${value.step}`})`
  }
  const text = value.attribute('__repr__')
  if (text instanceof PyFunction) return str(run, text.call(run, [], new Map()))
  throw unsupported(`It prints a ${value.type}, whose text is an address in memory.`)
}

const ESCAPES: Readonly<Record<string, string>> = { '\\': '\\\\', '\n': '\\n', '\r': '\\r', '\t': '\\t' }

function reprText(text: string): string {
  const quote = text.includes("'") && !text.includes('"') ? '"' : "'"
  const escaped = text.replace(/[\p{C}\p{Z}\\'"]/gu, character => {
    if (character === ' ') return character
    if (character === "'" || character === '"') return character === quote ? `\\${character}` : character
    return ESCAPES[character] ?? hexEscape(character.codePointAt(0) ?? 0)
  })
  return quote + escaped + quote
}

/** Python's escape of a character: `\x07`, `\u200b`, `\U000e0001`. */
export function hexEscape(code: number): string {
  const [letter, digits] = code < 256 ? ['x', 2] : code < 65536 ? ['u', 4] : ['U', 8]
  return `\\${letter}${code.toString(16).padStart(Number(digits), '0')}`
}

/** The shortest digits that give the number back, as in JavaScript, but with Python's point and exponent. */
export function reprFloat(value: number): string {
  if (Number.isNaN(value)) return 'nan'
  if (!Number.isFinite(value)) return value < 0 ? '-inf' : 'inf'
  if (value === 0) return Object.is(value, -0) ? '-0.0' : '0.0'
  const [mantissa, exponent] = value.toExponential().split('e')
  const power = Number(exponent)
  if (power < -4 || power >= 16) return `${mantissa}e${exponentOf(power)}`
  const text = String(value).includes('e') ? value.toFixed(mantissa.replace('-', '').length - 2 - power) : String(value)
  return text.includes('.') ? text : `${text}.0`
}

/** An exponent as Python writes it: `+05`, `-100`. */
export const exponentOf = (power: number) => `${power < 0 ? '-' : '+'}${String(Math.abs(power)).padStart(2, '0')}`

/** The text of a str, or the TypeError that Python raises where one is needed. */
export function needText(value: Value | undefined, what: string): string {
  if (typeof value === 'string') return value
  if (value instanceof Markup) return value.text
  if (value instanceof Undefined) throw failure(value.message)
  throw failure(`${what} must be str, not ${value === undefined ? 'missing' : typeName(value)}`)
}
