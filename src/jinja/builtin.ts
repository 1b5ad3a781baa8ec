import type { Run } from './run'
import { failure } from './template-error'
import type { Keywords, Value } from './values'

/**
 * A filter, test, method or global: a function of the value that it is applied to and its arguments, `undefined` for those
 * not given. Arguments may go by the names of `parameters`, of which the first `numRequired` must be given.
 */
export interface Builtin {
  readonly parameters: readonly string[]
  readonly numRequired: number
  readonly apply: (run: Run, subject: Value, ...given: (Value | undefined)[]) => Value
}

/** @param parameters Names with spaces between; one that ends in `!` is required, one in upper case has no name outside. */
export function builtin<T extends Value = Value>(
  parameters: string,
  apply: (run: Run, subject: Value, ...given: (Value | undefined)[]) => T,
): Builtin {
  const names = parameters.split(' ').filter(Boolean)
  return {
    parameters: names.map(name => name.replace('!', '')),
    numRequired: names.filter(name => name.endsWith('!')).length,
    apply,
  }
}

export function applyBuiltin(
  run: Run,
  builtin: Builtin,
  name: string,
  subject: Value,
  positional: readonly Value[],
  keywords: Keywords,
): Value {
  const { parameters, numRequired } = builtin
  if (positional.length > parameters.length) {
    throw failure(`${name} takes at most ${parameters.length} arguments (${positional.length} given)`)
  }
  if (keywords.size === 0 && positional.length >= numRequired) return builtin.apply(run, subject, ...positional)
  const given: (Value | undefined)[] = [...positional]
  for (const [keyword, value] of keywords) {
    const index = parameters.indexOf(keyword)
    if (index < positional.length || keyword.toUpperCase() === keyword) {
      throw failure(`${name} got an unexpected keyword argument '${keyword}'`)
    }
    given[index] = value
  }
  for (let index = 0; index < numRequired; index++) {
    if (given[index] === undefined) throw failure(`${name} is missing its argument '${parameters[index]}'`)
  }
  return builtin.apply(run, subject, ...given)
}
