import { tokenize } from './lexer'
import type { Branch, Expression, Parameter, Signature, Statement, Target } from './nodes'
import { CONSTANTS, ExpressionParser } from './parse-expression'
import { TemplateError } from './template-error'
import { TokenStream } from './token-stream'

/** The statements of a template. @throws TemplateError */
export function parse(template: string): Statement[] {
  return new StatementParser(new TokenStream(tokenize(template))).template()
}

/** Tags that name other templates: there are none. */
const OTHER_TEMPLATES = ['include', 'import', 'from', 'extends']

/** Statements by recursive descent: text, `{{ expressions }}` and `{% tags %}`. */
class StatementParser {
  readonly #tokens: TokenStream
  readonly #expressions: ExpressionParser
  /** Whether `break` would leave a loop. */
  #isInLoop = false

  constructor(tokens: TokenStream) {
    this.#tokens = tokens
    this.#expressions = new ExpressionParser(tokens)
  }

  template(): Statement[] {
    const body = this.#body([])
    if (this.#tokens.current.type !== 'eof') throw this.#tokens.error(`unknown tag '${this.#tokens.current.value}'`)
    return body
  }

  /** The statements up to a tag with one of these names, of which `{%` is taken; with no names, up to the end. */
  #body(ends: readonly string[]): Statement[] {
    return this.#tokens.nested(() => {
      const body: Statement[] = []
      for (;;) {
        const token = this.#tokens.take()
        if (token.type === 'data') body.push({ kind: 'text', text: String(token.value) })
        else if (token.type === '{{')
          body.push({ kind: 'print', value: this.#tokens.through('}}', () => this.#expressions.tuple()) })
        else if (token.type === '{%') {
          if (ends.some(end => this.#tokens.isName(end))) return body
          body.push(...this.#tokens.through('%}', () => this.#statement()))
        } else if (ends.length === 0) return body
        else throw this.#tokens.error(`Unexpected end of template: ${ends.join(' or ')} is missing`)
      }
    })
  }

  /** The rest of a tag, what follows it, and the tag that ends it, of which the name is taken. */
  #block(...ends: string[]): Statement[] {
    this.#tokens.skip(':')
    this.#tokens.expect('%}')
    const body = this.#body(ends)
    this.#tokens.take()
    return body
  }

  #statement(): Statement[] {
    const name = this.#tokens.expect('name').value
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
        return [
          { kind: 'filter', filter: this.#expressions.filter({ kind: 'captured' }), body: this.#function('endfilter') },
        ]
      case 'block':
        return [this.#namedBlock()]
      case 'generation':
        return [{ kind: 'scope', isRoot: false, body: this.#function('endgeneration') }]
      case 'break':
      case 'continue':
        if (!this.#isInLoop) throw this.#tokens.error(`'${name}' outside loop`)
        return [{ kind: name }]
    }
    if (OTHER_TEMPLATES.includes(String(name)) || name === 'autoescape') {
      throw new TemplateError('unsupported', `It has a tag '${name}' (line ${this.#tokens.current.line}).`)
    }
    throw this.#tokens.error(`unknown tag '${name}'`)
  }

  #print(): Statement[] {
    const body: Statement[] = []
    while (this.#tokens.current.type !== '%}') {
      if (body.length > 0) this.#tokens.expect(',')
      body.push({ kind: 'print', value: this.#expressions.expression() })
    }
    return body
  }

  #if(): Statement {
    const branches: Branch[] = []
    let end: unknown
    do {
      const test = this.#expressions.tuple({ withCondition: false })
      branches.push({ test, body: this.#block('elif', 'else', 'endif') })
      end = this.#tokens.previous.value
    } while (end === 'elif')
    return { kind: 'if', branches, otherwise: end === 'else' ? this.#block('endif') : [] }
  }

  #for(): Statement {
    const target = this.#target('in')
    if (target.kind === 'name' && target.name === 'loop')
      throw this.#tokens.error("Can't assign to special loop variable")
    this.#tokens.expectName('in')
    const iterable = this.#expressions.tuple({ withCondition: false, end: 'recursive' })
    const test = this.#tokens.skipName('if') ? this.#expressions.expression() : undefined
    const isRecursive = this.#tokens.skipName('recursive')
    const body = this.#within(true, () => this.#block('endfor', 'else'))
    const otherwise = this.#tokens.previous.value === 'else' ? this.#block('endfor') : []
    return { kind: 'for', target, iterable, test, isRecursive, body, otherwise }
  }

  #set(): Statement {
    const target = this.#tokens.next.type === '.' ? this.#member() : this.#target()
    if (this.#tokens.skip('=')) return { kind: 'set', target, value: this.#expressions.tuple() }
    const captured: Expression = { kind: 'captured' }
    const filter = this.#tokens.skip('|') ? this.#expressions.filter(captured) : captured
    return { kind: 'setBlock', target, filter, body: this.#block('endset') }
  }

  #member(): Target {
    const namespace = String(this.#tokens.expect('name').value)
    this.#tokens.expect('.')
    return { kind: 'member', namespace, name: String(this.#tokens.expect('name').value) }
  }

  #with(): Statement {
    const values: [Target, Expression][] = []
    while (this.#tokens.current.type !== '%}') {
      if (values.length > 0) this.#tokens.expect(',')
      const target = this.#target()
      this.#tokens.expect('=')
      values.push([target, this.#expressions.expression()])
    }
    return { kind: 'with', values, body: this.#block('endwith') }
  }

  #macro(): Statement {
    const name = String(this.#tokens.expect('name').value)
    if (CONSTANTS.has(name)) throw this.#tokens.error(`can't assign to '${name}'`)
    return { kind: 'macro', macro: this.#signature(name, this.#parameters(), 'endmacro') }
  }

  #callBlock(): Statement {
    const parameters = this.#tokens.current.type === '(' ? this.#parameters() : []
    const call = this.#expressions.expression()
    if (call.kind !== 'call') throw this.#tokens.error('expected call')
    return { kind: 'callBlock', call, caller: this.#signature('caller', parameters, 'endcall') }
  }

  #parameters(): Parameter[] {
    const parameters: Parameter[] = []
    this.#tokens.expect('(')
    while (this.#tokens.current.type !== ')') {
      if (parameters.length > 0) this.#tokens.expect(',')
      const name = String(this.#tokens.expect('name').value)
      if (CONSTANTS.has(name) || parameters.some(parameter => parameter.name === name)) {
        throw this.#tokens.error(`a parameter cannot be named '${name}' here`)
      }
      const fallback = this.#tokens.skip('=') ? this.#expressions.expression() : undefined
      if (!fallback && parameters.at(-1)?.fallback)
        throw this.#tokens.error('non-default argument follows default argument')
      if (!fallback && name === 'caller') throw this.#tokens.error('a parameter named caller needs a default')
      parameters.push({ name, fallback })
    }
    this.#tokens.expect(')')
    return parameters
  }

  #signature(name: string, parameters: readonly Parameter[], end: string): Signature {
    const reads = new Set<string>()
    const body = this.#expressions.noting(reads, () => this.#function(end))
    return { name, parameters, body, reads }
  }

  #namedBlock(): Statement {
    const name = String(this.#tokens.expect('name').value)
    const isRoot = !this.#tokens.skipName('scoped')
    this.#tokens.skipName('required')
    const body = this.#function('endblock')
    this.#tokens.skipName(name)
    return { kind: 'scope', isRoot, body }
  }

  /** A body of which jinja2 makes a function: loops around it cannot be left from inside. */
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

  /** A target of an assignment. @param end a name that ends a tuple of targets, should it end in a comma */
  #target(end?: string): Target {
    const items: Target[] = []
    let isTuple = false
    while (!this.#tokens.endsTuple(end)) {
      items.push(this.#oneTarget())
      if (!this.#tokens.skip(',')) break
      isTuple = true
    }
    if (isTuple) return { kind: 'tuple', items }
    if (items.length === 0) throw this.#tokens.error('Expected a name to assign to')
    return items[0]
  }

  #oneTarget(): Target {
    if (this.#tokens.skip('(')) {
      const target = this.#tokens.nested(() =>
        this.#tokens.through(')', () => (this.#tokens.current.type === ')' ? undefined : this.#target())),
      )
      return target ?? { kind: 'tuple', items: [] }
    }
    const name = String(this.#tokens.expect('name').value)
    if (CONSTANTS.has(name)) throw this.#tokens.error(`can't assign to '${name}'`)
    return { kind: 'name', name }
  }
}
