import type { Operator } from './arithmetic'
import type { Arguments, Expression } from './nodes'
import type { TokenStream } from './token-stream'
import type { Value } from './values'

const COMPARISONS = ['==', '!=', '<', '<=', '>', '>=']
/** Names that cannot be assigned to, and the values that they stand for. */
export const CONSTANTS: ReadonlyMap<unknown, Value> = new Map<unknown, Value>([
  ['true', true],
  ['True', true],
  ['false', false],
  ['False', false],
  ['none', null],
  ['None', null],
])
/** Types of tokens with which the argument of a test may begin that has no parentheses. */
const ARGUMENT_BEGINS = ['name', 'string', 'integer', 'float', '(', '[', '{']
const NO_ARGUMENTS: Arguments = { positional: [], keywords: [], rest: undefined, moreKeywords: undefined }

/** Expressions by recursive descent, from loosely to tightly bound, with jinja2's precedences, which are not quite Python's. */
export class ExpressionParser {
  readonly #tokens: TokenStream
  /** Sets that take the names of variables as these are read. */
  readonly #reads: Set<string>[] = []

  constructor(tokens: TokenStream) {
    this.#tokens = tokens
  }

  /** The value that `parse` gives; adds to `reads` the names of all variables that it comes upon. */
  noting<T>(reads: Set<string>, parse: () => T): T {
    this.#reads.push(reads)
    const result = parse()
    this.#reads.pop()
    return result
  }

  /** An expression, or several with commas between. @param options.end a name that ends the tuple, should it end in a comma */
  tuple(options: { withCondition?: boolean; end?: string; isInParentheses?: boolean } = {}): Expression {
    const parse = () => (options.withCondition === false ? this.#or() : this.expression())
    const items: Expression[] = []
    let isTuple = false
    while (!this.#tokens.endsTuple(options.end)) {
      items.push(parse())
      if (!this.#tokens.skip(',')) break
      isTuple = true
    }
    if (isTuple) return { kind: 'tuple', items }
    if (items.length > 0) return items[0]
    if (!options.isInParentheses)
      throw this.#tokens.error(`Expected an expression, got '${this.#tokens.current.value}'`)
    return { kind: 'tuple', items }
  }

  expression(): Expression {
    return this.#tokens.nested(() => {
      let result = this.#or()
      while (this.#tokens.skipName('if')) {
        const test = this.#or()
        const otherwise = this.#tokens.skipName('else') ? this.expression() : undefined
        result = { kind: 'if', test, value: result, otherwise }
      }
      return result
    })
  }

  #or(): Expression {
    return this.#logical('or', () => this.#logical('and', () => this.#not()))
  }

  #logical(operator: 'and' | 'or', operand: () => Expression): Expression {
    let left = operand()
    while (this.#tokens.skipName(operator)) left = { kind: 'binary', operator, left, right: operand() }
    return left
  }

  #not(): Expression {
    if (!this.#tokens.skipName('not')) return this.#comparison()
    return this.#tokens.nested(() => ({ kind: 'unary', operator: 'not', operand: this.#not() }))
  }

  #comparison(): Expression {
    const first = this.#sum()
    const rest: [string, Expression][] = []
    for (;;) {
      if (COMPARISONS.includes(this.#tokens.current.type)) rest.push([this.#tokens.take().type, this.#sum()])
      else if (this.#tokens.skipName('in')) rest.push(['in', this.#sum()])
      else if (this.#tokens.isName('not') && this.#tokens.next.type === 'name' && this.#tokens.next.value === 'in') {
        this.#tokens.take()
        this.#tokens.take()
        rest.push(['not in', this.#sum()])
      } else return rest.length > 0 ? { kind: 'compare', first, rest } : first
    }
  }

  #sum(): Expression {
    return this.#binary(['+', '-'], () => this.#concat())
  }

  #concat(): Expression {
    const items = [this.#product()]
    while (this.#tokens.skip('~')) items.push(this.#product())
    return items.length > 1 ? { kind: 'concat', items } : items[0]
  }

  #product(): Expression {
    return this.#binary(['*', '/', '//', '%'], () => this.#binary(['**'], () => this.#unary()))
  }

  #binary(operators: readonly Operator[], operand: () => Expression): Expression {
    let left = operand()
    for (;;) {
      const operator = operators.find(candidate => this.#tokens.skip(candidate))
      if (!operator) return left
      left = { kind: 'binary', operator, left, right: operand() }
    }
  }

  #unary(withFilters = true): Expression {
    const operator = this.#tokens.current.type
    let result: Expression
    if (operator === '-' || operator === '+') {
      this.#tokens.take()
      result = this.#tokens.nested(() => ({ kind: 'unary', operator, operand: this.#unary(false) }))
    } else result = this.#primary()
    result = this.#postfix(result)
    return withFilters ? this.#filters(result) : result
  }

  #primary(): Expression {
    const { type, value } = this.#tokens.take()
    switch (type) {
      case 'name': {
        const constant = CONSTANTS.get(value)
        if (constant !== undefined) return { kind: 'constant', value: constant }
        for (const reads of this.#reads) reads.add(String(value))
        return { kind: 'name', name: String(value) }
      }
      case 'string': {
        let text = String(value)
        while (this.#tokens.current.type === 'string') text += this.#tokens.take().value
        return { kind: 'constant', value: text }
      }
      case 'integer':
      case 'float':
        return { kind: 'constant', value }
      case '(':
        return this.#tokens.through(')', () => this.tuple({ isInParentheses: true }))
      case '[':
        return { kind: 'list', items: this.#list(']', () => this.expression()) }
      case '{':
        return { kind: 'dict', items: this.#list('}', () => this.#pair()) }
    }
    throw this.#tokens.error(`unexpected '${value || type}'`, this.#tokens.previous)
  }

  #pair(): [Expression, Expression] {
    const key = this.expression()
    this.#tokens.expect(':')
    return [key, this.expression()]
  }

  /** Elements and the bracket that ends them; a comma may come before it. */
  #list<T>(end: string, element: () => T): T[] {
    const items: T[] = []
    while (!this.#tokens.skip(end)) {
      if (items.length > 0) {
        this.#tokens.expect(',')
        if (this.#tokens.skip(end)) break
      }
      items.push(element())
    }
    return items
  }

  #postfix(expression: Expression): Expression {
    let result = expression
    for (;;) {
      if (this.#tokens.current.type === '(') result = { kind: 'call', callee: result, given: this.#arguments() }
      else if (this.#tokens.skip('.')) result = this.#attribute(result)
      else if (this.#tokens.skip('[')) result = this.#subscript(result)
      else return result
    }
  }

  #filters(expression: Expression): Expression {
    let result = expression
    for (;;) {
      if (this.#tokens.current.type === '(') result = { kind: 'call', callee: result, given: this.#arguments() }
      else if (this.#tokens.skip('|')) result = this.#oneFilter(result)
      else if (this.#tokens.skipName('is')) result = this.#test(result)
      else return result
    }
  }

  #attribute(object: Expression): Expression {
    const { type, value } = this.#tokens.take()
    if (type === 'name') return { kind: 'attribute', object, name: String(value) }
    if (type === 'integer') return { kind: 'item', object, index: { kind: 'constant', value } }
    throw this.#tokens.error('expected name or number')
  }

  #subscript(object: Expression): Expression {
    const items: (Expression | (Expression | undefined)[])[] = []
    while (!this.#tokens.skip(']')) {
      if (items.length > 0) this.#tokens.expect(',')
      items.push(this.#index())
    }
    const [first] = items
    if (items.length === 1) {
      return Array.isArray(first) ? { kind: 'slice', object, bounds: first } : { kind: 'item', object, index: first }
    }
    if (items.some(item => Array.isArray(item))) throw this.#tokens.error('a slice among other indices')
    return { kind: 'item', object, index: { kind: 'tuple', items: items as Expression[] } }
  }

  /** An index, or the two or three bounds of a slice. */
  #index(): Expression | (Expression | undefined)[] {
    const isBound = () => ![':', ']', ','].includes(this.#tokens.current.type)
    const first = isBound() ? this.expression() : undefined
    if (!this.#tokens.skip(':')) {
      if (first) return first
      throw this.#tokens.error('expected an index')
    }
    const bounds = [first, isBound() ? this.expression() : undefined]
    if (this.#tokens.skip(':')) bounds.push(isBound() ? this.expression() : undefined)
    return bounds
  }

  filter(operand: Expression): Expression {
    let result = this.#oneFilter(operand)
    while (this.#tokens.skip('|')) result = this.#oneFilter(result)
    return result
  }

  #oneFilter(operand: Expression): Expression {
    const name = this.#dottedName()
    return {
      kind: 'filter',
      name,
      operand,
      given: this.#tokens.current.type === '(' ? this.#arguments() : NO_ARGUMENTS,
    }
  }

  #test(operand: Expression): Expression {
    const isNegated = this.#tokens.skipName('not')
    const name = this.#dottedName()
    const test: Expression = { kind: 'test', name, operand, given: this.#testArguments() }
    return isNegated ? { kind: 'unary', operator: 'not', operand: test } : test
  }

  #testArguments(): Arguments {
    if (this.#tokens.current.type === '(') return this.#arguments()
    const isNone = ['else', 'or', 'and'].some(name => this.#tokens.isName(name))
    if (isNone || !ARGUMENT_BEGINS.includes(this.#tokens.current.type)) return NO_ARGUMENTS
    if (this.#tokens.isName('is')) throw this.#tokens.error('You cannot chain multiple tests with is')
    return { ...NO_ARGUMENTS, positional: [this.#postfix(this.#primary())] }
  }

  #dottedName(): string {
    let name = String(this.#tokens.expect('name').value)
    while (this.#tokens.skip('.')) name += `.${this.#tokens.expect('name').value}`
    return name
  }

  #arguments(): Arguments {
    const positional: Expression[] = []
    const keywords: [string, Expression][] = []
    let rest: Expression | undefined
    let moreKeywords: Expression | undefined
    const check = (isValid: boolean) => {
      if (!isValid) throw this.#tokens.error('invalid syntax for function call expression')
    }
    this.#tokens.expect('(')
    this.#list(')', () => {
      if (this.#tokens.skip('*')) {
        check(!rest && !moreKeywords)
        rest = this.expression()
      } else if (this.#tokens.skip('**')) {
        check(!moreKeywords)
        moreKeywords = this.expression()
      } else if (this.#tokens.current.type === 'name' && this.#tokens.next.type === '=') {
        const name = String(this.#tokens.take().value)
        check(!moreKeywords && !keywords.some(([other]) => other === name))
        this.#tokens.take()
        keywords.push([name, this.expression()])
      } else {
        check(!rest && !moreKeywords && keywords.length === 0)
        positional.push(this.expression())
      }
    })
    return { positional, keywords, rest, moreKeywords }
  }
}
