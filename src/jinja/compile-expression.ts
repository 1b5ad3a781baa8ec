import { call, getAttribute, getItem, getSlice } from './access'
import { binary, unary } from './arithmetic'
import { contains, isEqual, order } from './compare'
import { type Applied, filterOf, testOf } from './filters'
import type { Arguments, Expression } from './nodes'
import type { Run } from './run'
import type { Scope } from './scope'
import { failure, TemplateError } from './template-error'
import { needText, str } from './text'
import { Dict, isTrue, type Keywords, list, NO_KEYWORDS, Tuple, Undefined, type Value } from './values'

export type Evaluate = (run: Run, scope: Scope) => Value

/**
 * Makes a function that evaluates an expression.
 * @param isGuarded Whether an `if` decides that it is evaluated: there, as in jinja2, filters and tests that do not
 *   exist fail when they are reached; elsewhere they make the template invalid.
 */
export function compileExpression(expression: Expression, isGuarded: boolean): Evaluate {
  const compile = (part: Expression) => compileExpression(part, isGuarded)
  switch (expression.kind) {
    case 'constant': {
      const { value } = expression
      return () => value
    }
    case 'name': {
      const { name } = expression
      return (_, scope) => scope.get(name)
    }
    case 'captured':
      return run => run.captured
    case 'tuple': {
      const items = expression.items.map(compile)
      return (run, scope) => Tuple.from(items, item => item(run, scope))
    }
    case 'list': {
      const items = expression.items.map(compile)
      return (run, scope) => items.map(item => item(run, scope))
    }
    case 'concat': {
      const items = expression.items.map(compile)
      return (run, scope) => {
        let text = ''
        for (const item of items) text += str(run, item(run, scope))
        run.budget.characters(text.length)
        return text
      }
    }
    case 'dict': {
      const items = expression.items.map(([key, value]) => [compile(key), compile(value)] as const)
      return (run, scope) => Dict.of(items.map(([key, value]) => [key(run, scope), value(run, scope)] as const))
    }
    case 'unary': {
      const { operator } = expression
      const operand = compile(expression.operand)
      if (operator === 'not') return (run, scope) => !isTrue(operand(run, scope))
      return (run, scope) => unary(operator, operand(run, scope))
    }
    case 'binary':
      return compileBinary(expression.operator, compile(expression.left), compile(expression.right))
    case 'compare': {
      const rest = expression.rest.map(([operator, operand]) => [operator, compile(operand)] as const)
      return compileComparison(compile(expression.first), rest)
    }
    case 'if': {
      const [test, value] = [expression.test, expression.value].map(part => compileExpression(part, true))
      const otherwise = expression.otherwise && compileExpression(expression.otherwise, true)
      const nothing = new Undefined('the inline if-expression evaluated to false and no else section was defined')
      return (run, scope) =>
        isTrue(test(run, scope)) ? value(run, scope) : otherwise ? otherwise(run, scope) : nothing
    }
    case 'attribute': {
      const { name } = expression
      const object = compile(expression.object)
      return (run, scope) => getAttribute(object(run, scope), name)
    }
    case 'item': {
      const [object, index] = [compile(expression.object), compile(expression.index)]
      return (run, scope) => {
        const subject = object(run, scope)
        if (typeof subject === 'string') run.budget.read(subject.length)
        return getItem(subject, index(run, scope))
      }
    }
    case 'slice': {
      const object = compile(expression.object)
      const bounds = expression.bounds.map(bound => bound && compile(bound))
      return (run, scope) =>
        getSlice(
          run,
          object(run, scope),
          bounds.map(bound => bound?.(run, scope)),
        )
    }
    case 'call': {
      const callee = compile(expression.callee)
      return applying(expression.given, isGuarded, (run, scope, args, keywords) => {
        return call(run, callee(run, scope), args(), keywords())
      })
    }
    case 'filter':
    case 'test': {
      const operand = compile(expression.operand)
      const applied = find(expression.kind === 'filter' ? filterOf : testOf, expression.name, isGuarded)
      return applying(expression.given, isGuarded, (run, scope, args, keywords) => {
        return applied(run, operand(run, scope), args(), keywords())
      })
    }
  }
}

function find(lookUp: (name: string) => Applied, name: string, isGuarded: boolean): Applied {
  try {
    return lookUp(name)
  } catch (cause) {
    if (!isGuarded || !(cause instanceof TemplateError)) throw cause
    const { kind, message } = cause
    return () => {
      throw new TemplateError(kind === 'syntax' ? 'runtime' : kind, message)
    }
  }
}

function compileBinary(
  operator: (Expression & { kind: 'binary' })['operator'],
  left: Evaluate,
  right: Evaluate,
): Evaluate {
  if (operator === 'and' || operator === 'or') {
    return (run, scope) => {
      const value = left(run, scope)
      return isTrue(value) === (operator === 'or') ? value : right(run, scope)
    }
  }
  return (run, scope) => binary(run, operator, left(run, scope), right(run, scope))
}

/** `a < b < c` is `a < b and b < c`, with `b` evaluated once. */
function compileComparison(first: Evaluate, rest: readonly (readonly [string, Evaluate])[]): Evaluate {
  const steps = rest.map(([operator, operand]) => [COMPARISONS[operator], operand] as const)
  return (run, scope) => {
    let left = first(run, scope)
    for (const [holds, operand] of steps) {
      const right = operand(run, scope)
      if (!holds(run, left, right)) return false
      left = right
    }
    return true
  }
}

const COMPARISONS: Readonly<Record<string, (run: Run, a: Value, b: Value) => boolean>> = {
  '==': isEqual,
  '!=': (run, a, b) => !isEqual(run, a, b),
  '<': (run, a, b) => order(run, a, b, '<') < 0,
  '<=': (run, a, b) => order(run, a, b, '<=') <= 0,
  '>': (run, a, b) => order(run, a, b, '>') > 0,
  '>=': (run, a, b) => order(run, a, b, '>=') >= 0,
  in: (run, a, b) => contains(run, b, a),
  'not in': (run, a, b) => !contains(run, b, a),
}

type Apply = (run: Run, scope: Scope, args: () => Value[], keywords: () => Keywords) => Value

/** Evaluates arguments for `apply`, which asks for them once it has what it applies. */
function applying(given: Arguments, isGuarded: boolean, apply: Apply): Evaluate {
  const positional = given.positional.map(argument => compileExpression(argument, isGuarded))
  const keywords = given.keywords.map(([name, value]) => [name, compileExpression(value, isGuarded)] as const)
  const rest = given.rest && compileExpression(given.rest, isGuarded)
  const more = given.moreKeywords && compileExpression(given.moreKeywords, isGuarded)
  return (run, scope) =>
    apply(
      run,
      scope,
      () => {
        const args = positional.map(argument => argument(run, scope))
        return rest ? args.concat(list(run, rest(run, scope))) : args
      },
      () => {
        if (keywords.length === 0 && !more) return NO_KEYWORDS
        const named = new Map(keywords.map(([name, value]) => [name, value(run, scope)]))
        return more ? withKeywords(run, named, more(run, scope)) : named
      },
    )
}

function withKeywords(run: Run, named: Map<string, Value>, more: Value): Keywords {
  if (!(more instanceof Dict)) throw failure('argument after ** must be a mapping')
  run.budget.steps(more.size)
  for (const [key, value] of more.entries()) {
    const name = needText(key, 'keywords')
    if (named.has(name)) throw failure(`got multiple values for keyword argument '${name}'`)
    named.set(name, value)
  }
  return named
}
