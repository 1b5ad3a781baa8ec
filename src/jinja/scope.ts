import { Undefined, type Value } from './values'

/** Names that are bound within a part of a template; what is not bound here is looked up around it. */
export class Scope {
  readonly #outer: Scope | undefined
  #names: Map<string, Value> | undefined

  constructor(outer?: Scope, names?: Map<string, Value>) {
    this.#outer = outer
    this.#names = names
  }

  get(name: string): Value {
    for (let scope: Scope | undefined = this; scope; scope = scope.#outer) {
      const value = scope.#names?.get(name)
      if (value !== undefined) return value
    }
    return new Undefined(`'${name}' is undefined`)
  }

  get root(): Scope {
    return this.#outer?.root ?? this
  }

  set(name: string, value: Value): undefined {
    this.#names ??= new Map()
    this.#names.set(name, value)
  }
}
