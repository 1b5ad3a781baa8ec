import { boundedInteger } from './budget'
import { numberOf } from './compare'
import { escapeHtml } from './escape-html'
import { formatPercent } from './format'
import type { Run } from './run'
import { failure } from './template-error'
import { Markup, Tuple, textOf, typeName, Undefined, type Value } from './values'

export type Operator = '+' | '-' | '*' | '/' | '//' | '%' | '**'

export function binary(run: Run, operator: Operator, a: Value, b: Value): Value {
  const [x, y] = [numberOf(a), numberOf(b)]
  if (x !== undefined && y !== undefined) {
    if (operator !== '/' && typeof x === 'bigint' && typeof y === 'bigint') return integer(operator, x, y)
    return float(operator, Number(x), Number(y))
  }
  if (operator === '%' && textOf(a) !== undefined) return formatPercent(run, textOf(a) ?? '', b)
  if (operator === '+') {
    const sum = concatenated(run, a, b)
    if (sum !== undefined) return sum
  }
  if (operator === '*') {
    if (typeof y === 'bigint' && isSequence(a)) return repeated(run, a, y)
    if (typeof x === 'bigint' && isSequence(b)) return repeated(run, b, x)
  }
  for (const value of [a, b]) if (value instanceof Undefined) throw failure(value.message)
  throw failure(`unsupported operand type(s) for ${operator}: '${typeName(a)}' and '${typeName(b)}'`)
}

export function unary(operator: '+' | '-', value: Value): Value {
  const number = numberOf(value)
  if (number !== undefined) return operator === '-' ? -number : number
  if (value instanceof Undefined) throw failure(value.message)
  throw failure(`bad operand type for unary ${operator}: '${typeName(value)}'`)
}

function integer(operator: Operator, x: bigint, y: bigint): Value {
  switch (operator) {
    case '+':
      return boundedInteger(x + y)
    case '-':
      return boundedInteger(x - y)
    case '*':
      return boundedInteger(x * y)
    case '**':
      return power(x, y)
  }
  if (y === 0n) throw failure('integer division or modulo by zero')
  // Python rounds down, where JavaScript cuts off
  const remainder = x % y
  const isOff = remainder !== 0n && remainder < 0n !== y < 0n
  if (operator === '%') return isOff ? remainder + y : remainder
  return x / y - (isOff ? 1n : 0n)
}

function power(base: bigint, exponent: bigint): Value {
  if (exponent < 0n) return float('**', Number(base), Number(exponent))
  const bits = base.toString(2).length
  // of 0, 1 and -1 every power is small, and no slower if the exponent is cut to its parity
  if (base <= 1n && base >= -1n) return exponent === 0n ? 1n : base ** (2n - (exponent % 2n))
  if (exponent * BigInt(bits - 1) > 2048n) return boundedInteger(2n ** 1024n)
  return boundedInteger(base ** exponent)
}

function float(operator: Operator, x: number, y: number): number {
  switch (operator) {
    case '+':
      return x + y
    case '-':
      return x - y
    case '*':
      return x * y
    case '**':
      if (x === 0 && y < 0) throw failure('0.0 cannot be raised to a negative power')
      if (x < 0 && !Number.isInteger(y)) throw failure('the power is a complex number')
      return checkOverflow(x, y, x ** y)
  }
  if (y === 0) throw failure('division by zero')
  if (operator === '/') return x / y
  const remainder = x % y
  const modulo = remainder !== 0 && remainder < 0 !== y < 0 ? remainder + y : remainder || (y < 0 ? -0 : 0)
  return operator === '%' ? modulo : Math.round((x - modulo) / y)
}

function checkOverflow(x: number, y: number, result: number): number {
  if (Number.isFinite(x) && Number.isFinite(y) && !Number.isFinite(result)) throw failure('Result too large')
  if (x === 1 || y === 0) return 1
  return result
}

const isSequence = (value: Value): value is string | Value[] | Markup =>
  typeof value === 'string' || Array.isArray(value) || value instanceof Markup

function concatenated(run: Run, a: Value, b: Value): Value | undefined {
  const [left, right] = [textOf(a), textOf(b)]
  if (left !== undefined && right !== undefined) {
    run.budget.characters(left.length + right.length)
    if (!(a instanceof Markup || b instanceof Markup)) return left + right
    const html = (value: Value, text: string) => (value instanceof Markup ? text : escapeHtml(text))
    return new Markup(html(a, left) + html(b, right))
  }
  if (!Array.isArray(a) || !Array.isArray(b) || typeName(a) !== typeName(b)) return undefined
  run.budget.steps(a.length + b.length)
  return a.concat(b)
}

function repeated(run: Run, value: string | Value[] | Markup, times: bigint): Value {
  const count = Math.max(0, Number(times))
  const text = textOf(value)
  if (text !== undefined) {
    if (text !== '') run.budget.characters(text.length * count)
    const result = text === '' ? '' : text.repeat(count)
    return value instanceof Markup ? new Markup(result) : result
  }
  const items = value as Value[]
  if (items.length > 0) run.budget.steps(items.length * count)
  const result: Value[] = items instanceof Tuple ? new Tuple() : []
  for (let turn = 0; items.length > 0 && turn < count; turn++) for (const item of items) result.push(item)
  return result
}
