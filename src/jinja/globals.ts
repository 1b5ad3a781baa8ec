import { indexOf } from './arguments'
import { boundedInteger } from './budget'
import { numberOf } from './compare'
import { Range } from './range'
import type { Run } from './run'
import { failure } from './template-error'
import { str } from './text'
import { Dict, each, type Keywords, PyFunction, PyObject, unpack, type Value } from './values'

/** A namespace, whose members `set ns.name = …` may change wherever it stands. */
export class Namespace extends PyObject {
  readonly type = 'Namespace'
  readonly fields: Dict

  constructor(fields: Dict) {
    super()
    this.fields = fields
  }

  override attribute(name: string) {
    if (name === '__repr__') return undefined
    return this.fields.get(name)
  }
}

class Cycler extends PyObject {
  readonly type = 'Cycler'
  readonly #items: readonly Value[]
  #index = 0

  constructor(items: readonly Value[]) {
    super()
    if (items.length === 0) throw failure('at least one item has to be provided')
    this.#items = items
  }

  override attribute(name: string): Value | undefined {
    if (name === 'current') return this.#items[this.#index]
    if (name === 'reset') return new PyFunction(() => this.#turn(0, null))
    if (name === 'next') return new PyFunction(() => this.#turn(this.#index + 1, this.#items[this.#index]))
    return undefined
  }

  #turn(index: number, result: Value): Value {
    this.#index = index % this.#items.length
    return result
  }
}

const fn = (call: (run: Run, args: readonly Value[], keywords: Keywords) => Value) => new PyFunction(call)

const range = fn((_, args) => {
  if (args.length < 1 || args.length > 3) throw failure(`range expected 1 to 3 arguments, got ${args.length}`)
  const bounds = args.map(arg => {
    const number = numberOf(arg)
    if (typeof number === 'bigint') return boundedInteger(number)
    return BigInt(indexOf(arg, 0))
  })
  const [start, stop, step = 1n] = bounds.length === 1 ? [0n, bounds[0]] : bounds
  return new Range(start, stop, step)
})

const dict = fn((run, args, keywords) => {
  const result = new Dict()
  if (args.length > 1) throw failure(`dict expected at most 1 argument, got ${args.length}`)
  if (args.length > 0) addTo(result, run, args[0])
  for (const [name, value] of keywords) result.set(name, value)
  return result
})

function addTo(result: Dict, run: Run, source: Value): void {
  if (source instanceof Dict) {
    run.budget.steps(source.size)
    for (const [key, value] of source.entries()) result.set(key, value)
    return
  }
  for (const item of each(run, source)) {
    const [key, value] = unpack(item, 2)
    result.set(key, value)
  }
}

const joiner = fn((_, args, keywords) => {
  const separator = args[0] ?? keywords.get('sep') ?? ', '
  let isUsed = false
  return fn(() => {
    const result = isUsed ? separator : ''
    isUsed = true
    return result
  })
})

export const GLOBALS: ReadonlyMap<string, Value> = new Map<string, Value>([
  ['range', range],
  ['dict', dict],
  ['namespace', fn((run, args, keywords) => new Namespace(dict.call(run, args, keywords) as Dict))],
  ['cycler', fn((_, args) => new Cycler(args))],
  ['joiner', joiner],
  [
    'raise_exception',
    fn((run, args) => {
      throw failure(args.length > 0 ? str(run, args[0]) : 'raise_exception needs a message')
    }),
  ],
])
