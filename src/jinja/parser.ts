import type { Operator } from './arithmetic'
import { MAX_NESTING } from './budget'
import { type Token, tokenize } from './lexer'
import type { Arguments, Branch, Expression, Parameter, Signature, Statement, Target } from './nodes'
import { TemplateError } from './template-error'
import type { Value } from './values'

export function parse(template: string): Statement[] {
  return new Parser(tokenize(template)).template()
}

const COMPARISONS = ['==', '!=', '<', '<=', '>', '>=']
const CONSTANTS: ReadonlyMap<unknown, Value> = new Map<unknown, Value>([
  ['true', true],
  ['True', true],
  ['false', false],
  ['False', false],
  ['none', null],
  ['None', null],
])
/** What a test without parentheses may take for its argument. */
const ARGUMENT_BEGINS = ['name', 'string', 'integer', 'float', '(', '[', '{']
/** A template comes alone: there are no others that it could name. */
const OTHER_TEMPLATES = ['include', 'import', 'from', 'extends']
const NO_ARGUMENTS: Arguments = { positional: [], keywords: [], rest: undefined, moreKeywords: undefined }

/** Recursive descent with jinja2's precedences, which are not quite Python's. */
class Parser {
  readonly #tokens: readonly Token[]
  #position = 0
  #depth = 0
  /** Of the macros around here, what each reads of what it was not declared to take. */
  readonly #macros: Set<string>[] = []
  /** Whether `break` would leave a loop. */
  #isInLoop = false

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens
  }

  template(): Statement[] {
    const body = this.#body([])
    if (this.#token.type !== 'eof') throw this.#error(`unknown tag '${this.#token.value}'`)
    return body
  }

  // --- statements

  /** Up to a tag with one of these names, which is where it stops: after its `{%`. */
  #body(ends: readonly string[]): Statement[] {
    return this.#nested(() => {
      const body: Statement[] = []
      for (;;) {
        const token = this.#take()
        if (token.type === 'data') body.push({ kind: 'text', text: String(token.value) })
        else if (token.type === '{{') body.push({ kind: 'print', value: this.#through('}}', () => this.#tuple()) })
        else if (token.type === '{%') {
          if (ends.some(end => this.#isName(end))) return body
          body.push(...this.#through('%}', () => this.#statement()))
        } else if (ends.length === 0) return body
        else throw this.#error(`Unexpected end of template: ${ends.join(' or ')} is missing`)
      }
    })
  }

  /** The rest of a tag, what follows it, and the tag that ends it, of which the name is taken. */
  #block(...ends: string[]): Statement[] {
    this.#skip(':')
    this.#expect('%}')
    const body = this.#body(ends)
    this.#position++
    return body
  }

  #statement(): Statement[] {
    const name = this.#expect('name').value
    switch (name) {
      case 'print':
        return this.#print()
      case 'if':
        return [this.#if()]
      case 'for':
        return [this.#for()]
      case 'set':
        return [this.#set()]
      case 'with':
        return [this.#with()]
      case 'macro':
        return [this.#macro()]
      case 'call':
        return [this.#callBlock()]
      case 'filter':
        return [{ kind: 'filter', filter: this.#filter({ kind: 'captured' }), body: this.#function('endfilter') }]
      case 'block':
        return [this.#namedBlock()]
      case 'generation':
        return [{ kind: 'scope', isRoot: false, body: this.#function('endgeneration') }]
      case 'break':
      case 'continue':
        if (!this.#isInLoop) throw this.#error(`'${name}' outside loop`)
        return [{ kind: name }]
    }
    if (OTHER_TEMPLATES.includes(String(name)) || name === 'autoescape') {
      throw new TemplateError('unsupported', `It has a tag '${name}' (line ${this.#token.line}).`)
    }
    throw this.#error(`unknown tag '${name}'`)
  }

  #print(): Statement[] {
    const body: Statement[] = []
    while (this.#token.type !== '%}') {
      if (body.length > 0) this.#expect(',')
      body.push({ kind: 'print', value: this.#expression() })
    }
    return body
  }

  #if(): Statement {
    const branches: Branch[] = []
    let end: unknown
    do {
      const test = this.#tuple({ withCondition: false })
      branches.push({ test, body: this.#block('elif', 'else', 'endif') })
      end = this.#previous
    } while (end === 'elif')
    return { kind: 'if', branches, otherwise: end === 'else' ? this.#block('endif') : [] }
  }

  #for(): Statement {
    const target = this.#target('in')
    if (target.kind === 'name' && target.name === 'loop') throw this.#error("Can't assign to special loop variable")
    this.#expectName('in')
    const iterable = this.#tuple({ withCondition: false, end: 'recursive' })
    const test = this.#skipName('if') ? this.#expression() : undefined
    const isRecursive = this.#skipName('recursive')
    const body = this.#within(true, () => this.#block('endfor', 'else'))
    const otherwise = this.#previous === 'else' ? this.#block('endfor') : []
    return { kind: 'for', target, iterable, test, isRecursive, body, otherwise }
  }

  #set(): Statement {
    const target = this.#next.type === '.' ? this.#member() : this.#target()
    if (this.#skip('=')) return { kind: 'set', target, value: this.#tuple() }
    const captured: Expression = { kind: 'captured' }
    const filter = this.#skip('|') ? this.#filter(captured) : captured
    return { kind: 'setBlock', target, filter, body: this.#block('endset') }
  }

  #member(): Target {
    const namespace = String(this.#expect('name').value)
    this.#expect('.')
    return { kind: 'member', namespace, name: String(this.#expect('name').value) }
  }

  #with(): Statement {
    const values: [Target, Expression][] = []
    while (this.#token.type !== '%}') {
      if (values.length > 0) this.#expect(',')
      const target = this.#target()
      this.#expect('=')
      values.push([target, this.#expression()])
    }
    return { kind: 'with', values, body: this.#block('endwith') }
  }

  #macro(): Statement {
    const name = String(this.#expect('name').value)
    if (CONSTANTS.has(name)) throw this.#error(`can't assign to '${name}'`)
    return { kind: 'macro', macro: this.#signature(name, this.#parameters(), 'endmacro') }
  }

  #callBlock(): Statement {
    const parameters = this.#token.type === '(' ? this.#parameters() : []
    const call = this.#expression()
    if (call.kind !== 'call') throw this.#error('expected call')
    return { kind: 'callBlock', call, caller: this.#signature('caller', parameters, 'endcall') }
  }

  #parameters(): Parameter[] {
    const parameters: Parameter[] = []
    this.#expect('(')
    while (this.#token.type !== ')') {
      if (parameters.length > 0) this.#expect(',')
      const name = String(this.#expect('name').value)
      if (CONSTANTS.has(name) || parameters.some(parameter => parameter.name === name)) {
        throw this.#error(`a parameter cannot be named '${name}' here`)
      }
      const fallback = this.#skip('=') ? this.#expression() : undefined
      if (!fallback && parameters.at(-1)?.fallback) throw this.#error('non-default argument follows default argument')
      if (!fallback && name === 'caller') throw this.#error('a parameter named caller needs a default')
      parameters.push({ name, fallback })
    }
    this.#expect(')')
    return parameters
  }

  #signature(name: string, parameters: readonly Parameter[], end: string): Signature {
    const reads = new Set<string>()
    this.#macros.push(reads)
    const body = this.#function(end)
    this.#macros.pop()
    return { name, parameters, body, reads }
  }

  #namedBlock(): Statement {
    const name = String(this.#expect('name').value)
    const isRoot = !this.#skipName('scoped')
    this.#skipName('required')
    const body = this.#function('endblock')
    this.#skipName(name)
    return { kind: 'scope', isRoot, body }
  }

  /** The body of what jinja2 makes a function of: loops around it cannot be left from inside. */
  #function(end: string): Statement[] {
    return this.#within(false, () => this.#block(end))
  }

  #within<T>(isInLoop: boolean, read: () => T): T {
    const before = this.#isInLoop
    this.#isInLoop = isInLoop
    const result = read()
    this.#isInLoop = before
    return result
  }

  // --- expressions, from loosely to tightly bound

  /** @param options.end A name that ends the tuple, should it end in a comma. */
  #tuple(options: { withCondition?: boolean; end?: string; isInParentheses?: boolean } = {}): Expression {
    const parse = () => (options.withCondition === false ? this.#or() : this.#expression())
    const items: Expression[] = []
    let isTuple = false
    while (!this.#endsTuple(options.end)) {
      items.push(parse())
      if (!this.#skip(',')) break
      isTuple = true
    }
    if (isTuple) return { kind: 'tuple', items }
    if (items.length > 0) return items[0]
    if (!options.isInParentheses) throw this.#error(`Expected an expression, got '${this.#token.value}'`)
    return { kind: 'tuple', items }
  }

  #endsTuple(end: string | undefined): boolean {
    return ['}}', '%}', ')'].includes(this.#token.type) || (end !== undefined && this.#isName(end))
  }

  #expression(): Expression {
    return this.#nested(() => {
      let result = this.#or()
      while (this.#skipName('if')) {
        const test = this.#or()
        const otherwise = this.#skipName('else') ? this.#expression() : undefined
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
    while (this.#skipName(operator)) left = { kind: 'binary', operator, left, right: operand() }
    return left
  }

  #not(): Expression {
    if (!this.#skipName('not')) return this.#comparison()
    return this.#nested(() => ({ kind: 'unary', operator: 'not', operand: this.#not() }))
  }

  #comparison(): Expression {
    const first = this.#sum()
    const rest: [string, Expression][] = []
    for (;;) {
      if (COMPARISONS.includes(this.#token.type)) rest.push([this.#take().type, this.#sum()])
      else if (this.#skipName('in')) rest.push(['in', this.#sum()])
      else if (this.#isName('not') && this.#next.type === 'name' && this.#next.value === 'in') {
        this.#position += 2
        rest.push(['not in', this.#sum()])
      } else return rest.length > 0 ? { kind: 'compare', first, rest } : first
    }
  }

  #sum(): Expression {
    return this.#binary(['+', '-'], () => this.#concat())
  }

  #concat(): Expression {
    const items = [this.#product()]
    while (this.#skip('~')) items.push(this.#product())
    return items.length > 1 ? { kind: 'concat', items } : items[0]
  }

  #product(): Expression {
    return this.#binary(['*', '/', '//', '%'], () => this.#binary(['**'], () => this.#unary()))
  }

  #binary(operators: readonly Operator[], operand: () => Expression): Expression {
    let left = operand()
    for (;;) {
      const operator = operators.find(candidate => this.#skip(candidate))
      if (!operator) return left
      left = { kind: 'binary', operator, left, right: operand() }
    }
  }

  #unary(withFilters = true): Expression {
    const operator = this.#token.type
    let result: Expression
    if (operator === '-' || operator === '+') {
      this.#position++
      result = this.#nested(() => ({ kind: 'unary', operator, operand: this.#unary(false) }))
    } else result = this.#primary()
    result = this.#postfix(result)
    return withFilters ? this.#filters(result) : result
  }

  #primary(): Expression {
    const { type, value } = this.#take()
    switch (type) {
      case 'name': {
        const constant = CONSTANTS.get(value)
        if (constant !== undefined) return { kind: 'constant', value: constant }
        for (const reads of this.#macros) reads.add(String(value))
        return { kind: 'name', name: String(value) }
      }
      case 'string': {
        let text = String(value)
        while (this.#token.type === 'string') text += this.#take().value
        return { kind: 'constant', value: text }
      }
      case 'integer':
      case 'float':
        return { kind: 'constant', value }
      case '(':
        return this.#through(')', () => this.#tuple({ isInParentheses: true }))
      case '[':
        return { kind: 'list', items: this.#list(']', () => this.#expression()) }
      case '{':
        return { kind: 'dict', items: this.#list('}', () => this.#pair()) }
    }
    this.#position--
    throw this.#error(`unexpected '${value || type}'`)
  }

  #pair(): [Expression, Expression] {
    const key = this.#expression()
    this.#expect(':')
    return [key, this.#expression()]
  }

  /** Elements and the bracket that ends them; a comma may come before it. */
  #list<T>(end: string, element: () => T): T[] {
    const items: T[] = []
    while (!this.#skip(end)) {
      if (items.length > 0) {
        this.#expect(',')
        if (this.#skip(end)) break
      }
      items.push(element())
    }
    return items
  }

  #postfix(expression: Expression): Expression {
    let result = expression
    for (;;) {
      if (this.#token.type === '(') result = { kind: 'call', callee: result, given: this.#arguments() }
      else if (this.#skip('.')) result = this.#attribute(result)
      else if (this.#skip('[')) result = this.#subscript(result)
      else return result
    }
  }

  #filters(expression: Expression): Expression {
    let result = expression
    for (;;) {
      if (this.#token.type === '(') result = { kind: 'call', callee: result, given: this.#arguments() }
      else if (this.#skip('|')) result = this.#oneFilter(result)
      else if (this.#skipName('is')) result = this.#test(result)
      else return result
    }
  }

  #attribute(object: Expression): Expression {
    const { type, value } = this.#take()
    if (type === 'name') return { kind: 'attribute', object, name: String(value) }
    if (type === 'integer') return { kind: 'item', object, index: { kind: 'constant', value } }
    throw this.#error('expected name or number')
  }

  #subscript(object: Expression): Expression {
    const items: (Expression | (Expression | undefined)[])[] = []
    while (!this.#skip(']')) {
      if (items.length > 0) this.#expect(',')
      items.push(this.#index())
    }
    const [first] = items
    if (items.length === 1) {
      return Array.isArray(first) ? { kind: 'slice', object, bounds: first } : { kind: 'item', object, index: first }
    }
    if (items.some(item => Array.isArray(item))) throw this.#error('a slice among other indices')
    return { kind: 'item', object, index: { kind: 'tuple', items: items as Expression[] } }
  }

  /** An index, or the two or three bounds of a slice. */
  #index(): Expression | (Expression | undefined)[] {
    const isBound = () => ![':', ']', ','].includes(this.#token.type)
    const first = isBound() ? this.#expression() : undefined
    if (!this.#skip(':')) {
      if (first) return first
      throw this.#error('expected an index')
    }
    const bounds = [first, isBound() ? this.#expression() : undefined]
    if (this.#skip(':')) bounds.push(isBound() ? this.#expression() : undefined)
    return bounds
  }

  #filter(operand: Expression): Expression {
    let result = this.#oneFilter(operand)
    while (this.#skip('|')) result = this.#oneFilter(result)
    return result
  }

  #oneFilter(operand: Expression): Expression {
    const name = this.#dottedName()
    return { kind: 'filter', name, operand, given: this.#token.type === '(' ? this.#arguments() : NO_ARGUMENTS }
  }

  #test(operand: Expression): Expression {
    const isNegated = this.#skipName('not')
    const name = this.#dottedName()
    const test: Expression = { kind: 'test', name, operand, given: this.#testArguments() }
    return isNegated ? { kind: 'unary', operator: 'not', operand: test } : test
  }

  #testArguments(): Arguments {
    if (this.#token.type === '(') return this.#arguments()
    const isNone = ['else', 'or', 'and'].some(name => this.#isName(name))
    if (isNone || !ARGUMENT_BEGINS.includes(this.#token.type)) return NO_ARGUMENTS
    if (this.#isName('is')) throw this.#error('You cannot chain multiple tests with is')
    return { ...NO_ARGUMENTS, positional: [this.#postfix(this.#primary())] }
  }

  #dottedName(): string {
    let name = String(this.#expect('name').value)
    while (this.#skip('.')) name += `.${this.#expect('name').value}`
    return name
  }

  #arguments(): Arguments {
    const positional: Expression[] = []
    const keywords: [string, Expression][] = []
    let rest: Expression | undefined
    let moreKeywords: Expression | undefined
    const check = (isValid: boolean) => {
      if (!isValid) throw this.#error('invalid syntax for function call expression')
    }
    this.#expect('(')
    this.#list(')', () => {
      if (this.#skip('*')) {
        check(!rest && !moreKeywords)
        rest = this.#expression()
      } else if (this.#skip('**')) {
        check(!moreKeywords)
        moreKeywords = this.#expression()
      } else if (this.#token.type === 'name' && this.#next.type === '=') {
        const name = String(this.#take().value)
        check(!moreKeywords && !keywords.some(([other]) => other === name))
        this.#position++
        keywords.push([name, this.#expression()])
      } else {
        check(!rest && !moreKeywords && keywords.length === 0)
        positional.push(this.#expression())
      }
    })
    return { positional, keywords, rest, moreKeywords }
  }

  /** @param end A name that ends the targets, should they end in a comma. */
  #target(end?: string): Target {
    const items: Target[] = []
    let isTuple = false
    while (!this.#endsTuple(end)) {
      items.push(this.#oneTarget())
      if (!this.#skip(',')) break
      isTuple = true
    }
    if (isTuple) return { kind: 'tuple', items }
    if (items.length === 0) throw this.#error('Expected a name to assign to')
    return items[0]
  }

  #oneTarget(): Target {
    if (this.#skip('(')) {
      const target = this.#nested(() =>
        this.#through(')', () => (this.#token.type === ')' ? undefined : this.#target())),
      )
      return target ?? { kind: 'tuple', items: [] }
    }
    const name = String(this.#expect('name').value)
    if (CONSTANTS.has(name)) throw this.#error(`can't assign to '${name}'`)
    return { kind: 'name', name }
  }

  // --- tokens

  get #token(): Token {
    return this.#tokens[this.#position]
  }

  get #next(): Token {
    return this.#tokens[Math.min(this.#position + 1, this.#tokens.length - 1)]
  }

  /** Of the token that was taken last. */
  get #previous(): unknown {
    return this.#tokens[this.#position - 1].value
  }

  #take(): Token {
    const token = this.#token
    if (token.type !== 'eof') this.#position++
    return token
  }

  #skip(type: string): boolean {
    const isThere = this.#token.type === type
    if (isThere) this.#position++
    return isThere
  }

  #isName(name: string): boolean {
    return this.#token.type === 'name' && this.#token.value === name
  }

  #skipName(name: string): boolean {
    const isThere = this.#isName(name)
    if (isThere) this.#position++
    return isThere
  }

  #expect(type: string): Token {
    if (this.#token.type !== type)
      throw this.#error(`expected '${type}', got '${this.#token.value || this.#token.type}'`)
    return this.#take()
  }

  #expectName(name: string): void {
    if (!this.#skipName(name)) throw this.#error(`expected '${name}', got '${this.#token.value || this.#token.type}'`)
  }

  #through<T>(end: string, read: () => T): T {
    const result = read()
    this.#expect(end)
    return result
  }

  #nested<T>(read: () => T): T {
    if (++this.#depth > MAX_NESTING) {
      throw new TemplateError('limit', `It nests more than ${MAX_NESTING} levels deep (line ${this.#token.line}).`)
    }
    const result = read()
    this.#depth--
    return result
  }

  #error(message: string): TemplateError {
    return new TemplateError('syntax', `${message} (line ${this.#token.line})`)
  }
}
