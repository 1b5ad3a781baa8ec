import { isEqual } from './compare'
import type { Run } from './run'
import { failure } from './template-error'
import { type Keywords, or, PyFunction, PyObject, Tuple, Undefined, type Value } from './values'

/** The `loop` of a template: its place in the iterable. */
export class Loop extends PyObject {
  readonly type = 'LoopContext'
  readonly #values: Iterator<Value>
  readonly #depth: number
  readonly #recurse: ((run: Run, iterable: Value, depth: number) => string) | undefined
  #length: number | undefined
  #index = -1
  #previous: Value = new Undefined('there is no previous item')
  #current: Value = new Undefined('there is no item')
  /** Elements that were looked at ahead of their turn. */
  #ahead: Value[] = []
  #changed: Value[] | undefined

  /** @param length number of values, where it is known before they are counted */
  constructor(
    values: Iterable<Value>,
    length: number | undefined,
    depth: number,
    recurse?: (run: Run, iterable: Value, depth: number) => string,
  ) {
    super()
    this.#values = values[Symbol.iterator]()
    this.#length = length
    this.#depth = depth
    this.#recurse = recurse
  }

  /** The next element, or undefined behind the last. */
  next(): Value | undefined {
    const value = this.#peek()
    if (value === undefined) return undefined
    this.#ahead.shift()
    this.#index++
    if (this.#index > 0) this.#previous = this.#current
    this.#current = value
    return value
  }

  #peek(): Value | undefined {
    if (this.#ahead.length === 0) {
      const { done, value } = this.#values.next()
      if (done) return undefined
      this.#ahead.push(value)
    }
    return this.#ahead[0]
  }

  override get length(): number {
    if (this.#length === undefined) {
      for (let step = this.#values.next(); !step.done; step = this.#values.next()) this.#ahead.push(step.value)
      this.#length = this.#index + 1 + this.#ahead.length
    }
    return this.#length
  }

  override attribute(name: string): Value | undefined {
    switch (name) {
      case 'index':
        return BigInt(this.#index + 1)
      case 'index0':
        return BigInt(this.#index)
      case 'revindex':
        return BigInt(this.length - this.#index)
      case 'revindex0':
        return BigInt(this.length - this.#index - 1)
      case 'first':
        return this.#index === 0
      case 'last':
        return this.#peek() === undefined
      case 'length':
        return BigInt(this.length)
      case 'depth':
        return BigInt(this.#depth + 1)
      case 'depth0':
        return BigInt(this.#depth)
      case 'previtem':
        return this.#previous
      case 'nextitem':
        return or(this.#peek(), new Undefined('there is no next item'))
      case 'cycle':
        return new PyFunction((_, args) => {
          if (args.length === 0) throw failure('no items for cycling given')
          return args[this.#index % args.length]
        })
      case 'changed':
        return new PyFunction((run, args) => {
          const isChanged = !this.#changed || !isEqual(run, Tuple.from(args), Tuple.from(this.#changed))
          this.#changed = [...args]
          return isChanged
        })
      case '__repr__':
        return new PyFunction(() => `<LoopContext ${this.#index + 1}/${this.length}>`)
    }
    return undefined
  }

  override get isCallable() {
    return true
  }

  override call(run: Run, args: readonly Value[], keywords: Keywords): Value {
    if (!this.#recurse) throw failure("The loop must have the 'recursive' marker to be called.")
    if (args.length !== 1 || keywords.size > 0) throw failure('loop() takes one iterable')
    return this.#recurse(run, args[0], this.#depth + 1)
  }
}
