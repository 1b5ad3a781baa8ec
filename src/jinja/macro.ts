import type { Run } from './run'
import { failure } from './template-error'
import { Dict, type Keywords, PyFunction, PyObject, Tuple, Undefined, type Value } from './values'

/** Writes a macro's body with these values for its parameters, `undefined` for those that it was not given. */
type Body = (run: Run, args: readonly (Value | undefined)[], extras: ReadonlyMap<string, Value>) => string

/** The function that `macro` or `call` defines, which returns what its body writes. */
export class Macro extends PyObject {
  readonly type = 'Macro'
  readonly #name: string
  readonly #parameters: readonly string[]
  readonly #reads: ReadonlySet<string>
  readonly #body: Body

  /** @param reads those of `caller`, `kwargs` and `varargs` that it may be given without declaring them */
  constructor(name: string, parameters: readonly string[], reads: ReadonlySet<string>, body: Body) {
    super()
    this.#name = name
    this.#parameters = parameters
    this.#reads = reads
    this.#body = body
  }

  override get isCallable() {
    return true
  }

  override attribute(name: string): Value | undefined {
    switch (name) {
      case '__repr__':
        return new PyFunction(() => `<Macro '${this.#name}'>`)
      case 'name':
        return this.#name
      case 'arguments':
        return Tuple.from(this.#parameters)
      case 'caller':
        return this.#takes('caller')
      case 'catch_kwargs':
        return this.#takes('kwargs')
      case 'catch_varargs':
        return this.#takes('varargs')
    }
    return undefined
  }

  override call(run: Run, args: readonly Value[], keywords: Keywords): Value {
    const rest = new Map(keywords)
    const given = this.#parameters.map((name, index) => {
      if (index < args.length) return args[index]
      const value = rest.get(name)
      rest.delete(name)
      return value
    })
    const extras = new Map<string, Value>()
    if (this.#takes('caller')) {
      extras.set('caller', rest.get('caller') ?? new Undefined('No caller defined'))
      rest.delete('caller')
    }
    if (this.#takes('kwargs')) extras.set('kwargs', Dict.of(rest))
    else if (rest.size > 0) throw failure(`macro '${this.#name}' takes no keyword argument '${[...rest.keys()][0]}'`)
    if (this.#takes('varargs')) extras.set('varargs', Tuple.from(args.slice(this.#parameters.length)))
    else if (args.length > this.#parameters.length) {
      throw failure(`macro '${this.#name}' takes not more than ${this.#parameters.length} argument(s)`)
    }
    return this.#body(run, given, extras)
  }

  #takes(name: string): boolean {
    return this.#reads.has(name) && !this.#parameters.includes(name)
  }
}
