import { compileExpression, type Evaluate } from './compile-expression'
import { Namespace } from './globals'
import { Loop } from './loop'
import { Macro } from './macro'
import type { Expression, Signature, Statement, Target } from './nodes'
import type { Run } from './run'
import { Scope } from './scope'
import { failure } from './template-error'
import { str } from './text'
import { isTrue, iterate, or, PyObject, Undefined, unpack, type Value } from './values'

/** The way in which a statement ends: by itself, or by leaving the loop's turn or the loop. */
type Outcome = 'continue' | 'break' | undefined
export type Execute = (run: Run, scope: Scope) => Outcome

/** Makes a function that executes statements. @param isGuarded as for `compileExpression` */
export function compileBody(body: readonly Statement[], isGuarded: boolean): Execute {
  const statements = body.map(statement => compileStatement(statement, isGuarded))
  return (run, scope) => {
    for (const statement of statements) {
      const outcome = statement(run, scope)
      if (outcome) return outcome
    }
    return undefined
  }
}

function compileStatement(statement: Statement, isGuarded: boolean): Execute {
  const compile = (part: Expression) => compileExpression(part, isGuarded)
  switch (statement.kind) {
    case 'text': {
      const { text } = statement
      return run => run.write(text)
    }
    case 'print': {
      const value = compile(statement.value)
      return (run, scope) => run.write(str(run, value(run, scope)))
    }
    case 'if':
      return compileIf(statement)
    case 'for':
      return compileFor(statement, isGuarded)
    case 'set': {
      const [value, assign] = [compile(statement.value), compileTarget(statement.target)]
      return (run, scope) => assign(scope, value(run, scope))
    }
    case 'setBlock': {
      const [body, assign] = [compileCaptured(statement.filter, statement.body), compileTarget(statement.target)]
      return (run, scope) => assign(scope, body(run, scope))
    }
    case 'filter': {
      const body = compileCaptured(statement.filter, statement.body)
      return (run, scope) => run.write(str(run, body(run, scope)))
    }
    case 'with': {
      const values = statement.values.map(([target, value]) => [compileTarget(target), compile(value)] as const)
      const body = compileBody(statement.body, false)
      return (run, scope) => {
        const inner = new Scope(scope)
        for (const [assign, value] of values) assign(inner, value(run, scope))
        return body(run, inner)
      }
    }
    case 'macro': {
      const define = compileSignature(statement.macro)
      return (_, scope) => scope.set(statement.macro.name, define(scope))
    }
    case 'callBlock':
      return compileCallBlock(statement, isGuarded)
    case 'scope': {
      const body = compileBody(statement.body, false)
      const { isRoot } = statement
      return (run, scope) => run.write(run.capture(() => body(run, new Scope(isRoot ? scope.root : scope))))
    }
    case 'break':
    case 'continue':
      return () => statement.kind
  }
}

function compileIf(statement: Statement & { kind: 'if' }): Execute {
  const branches = statement.branches.map(
    ({ test, body }) => [compileExpression(test, true), compileBody(body, true)] as const,
  )
  const otherwise = compileBody(statement.otherwise, true)
  return (run, scope) => {
    for (const [test, body] of branches) if (isTrue(test(run, scope))) return body(run, scope)
    return otherwise(run, scope)
  }
}

function compileFor(statement: Statement & { kind: 'for' }, isGuarded: boolean): Execute {
  const iterable = compileExpression(statement.iterable, isGuarded)
  const test = statement.test && compileExpression(statement.test, false)
  const assign = compileTarget(statement.target)
  const body = compileBody(statement.body, false)
  const otherwise = compileBody(statement.otherwise, false)

  function* tested(run: Run, scope: Scope, values: Iterable<Value>, holds: Evaluate): Iterable<Value> {
    for (const value of values) {
      run.budget.steps(1)
      const inner = new Scope(scope)
      assign(inner, value)
      if (isTrue(holds(run, inner))) yield value
    }
  }

  function turns(run: Run, scope: Scope, values: Value, depth: number): void {
    const chosen = test ? tested(run, scope, iterate(values), test) : iterate(values)
    const loop = new Loop(chosen, test ? undefined : sizeOf(values), depth, statement.isRecursive ? again : undefined)
    // as jinja2 counts, a turn that `break` or `continue` ends has not taken place
    let isEmpty = true
    for (let value = loop.next(); value !== undefined; value = loop.next()) {
      run.budget.steps(1)
      const inner = new Scope(scope)
      inner.set('loop', loop)
      assign(inner, value)
      const outcome = body(run, inner)
      if (outcome === 'break') break
      if (!outcome) isEmpty = false
    }
    if (isEmpty) otherwise(run, new Scope(scope))

    function again(run: Run, values: Value, depth: number): string {
      return run.capture(() => turns(run, scope, values, depth))
    }
  }

  return (run, scope) => {
    turns(run, scope, iterable(run, scope), 0)
    return undefined
  }
}

/** The number of elements, where it takes no counting. */
function sizeOf(values: Value): number | undefined {
  if (Array.isArray(values)) return values.length
  return values instanceof PyObject ? values.length : undefined
}

/** The value that a filter makes of what the body writes. */
function compileCaptured(filter: Expression, statements: readonly Statement[]): Evaluate {
  const body = compileBody(statements, false)
  const apply = compileExpression(filter, false)
  return (run, scope) => {
    const inner = new Scope(scope)
    run.captured = run.capture(() => body(run, inner))
    return apply(run, inner)
  }
}

function compileTarget(target: Target): (scope: Scope, value: Value) => undefined {
  switch (target.kind) {
    case 'name': {
      const { name } = target
      return (scope, value) => scope.set(name, value)
    }
    case 'member':
      return (scope, value) => {
        const namespace = scope.get(target.namespace)
        if (!(namespace instanceof Namespace)) throw failure('cannot assign attribute on non-namespace object')
        return void namespace.fields.set(target.name, value)
      }
    case 'tuple': {
      const assigns = target.items.map(compileTarget)
      return (scope, value) => {
        const items = unpack(value, assigns.length)
        for (const [index, assign] of assigns.entries()) assign(scope, items[index])
      }
    }
  }
}

/** A function that makes the macro, for the scope that it is defined in. */
function compileSignature({ name, parameters, body, reads }: Signature): (scope: Scope) => Macro {
  const execute = compileBody(body, false)
  const fallbacks = parameters.map(({ fallback }) => fallback && compileExpression(fallback, false))
  const names = parameters.map(parameter => parameter.name)
  return scope =>
    new Macro(name, names, reads, (run, args, extras) => {
      const inner = new Scope(scope, new Map(extras))
      for (const [index, parameter] of names.entries()) {
        const value = args[index] === undefined ? fallbacks[index]?.(run, inner) : args[index]
        inner.set(parameter, or(value, new Undefined(`parameter '${parameter}' was not provided`)))
      }
      return run.capture(() => execute(run, inner))
    })
}

function compileCallBlock(statement: Statement & { kind: 'callBlock' }, isGuarded: boolean): Execute {
  const define = compileSignature(statement.caller)
  const { callee, given } = statement.call
  const keywords = [...given.keywords, ['caller', { kind: 'name', name: CALLER }] as const]
  const apply = compileExpression({ kind: 'call', callee, given: { ...given, keywords } }, isGuarded)
  return (run, scope) => {
    const inner = new Scope(scope, new Map([[CALLER, define(scope)]]))
    return run.write(str(run, apply(run, inner)))
  }
}

/** A name that no template can use. */
const CALLER = ' caller'
