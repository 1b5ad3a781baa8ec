import { formatValue } from './format'
import type { Run } from './run'
import { failure } from './template-error'
import { repr, str } from './text'
import { Dict, type Keywords, type Value } from './values'

/** The look-ups of a field's `.name` and `[key]`. */
interface Access {
  getAttribute(object: Value, name: string): Value
  getItem(object: Value, key: Value): Value
}

const FIELD = /\{\{|\}\}|\{(?<name>[^{}!:]*)(?:!(?<conversion>[^{}:]*))?(?::(?<spec>(?:[^{}]|\{[^{}]*\})*))?\}|[{}]/g

/** The result of `text.format(…)` and `text.format_map(dict)`. */
export function formatFields(
  run: Run,
  text: string,
  name: string,
  args: readonly Value[],
  keywords: Keywords,
  access: Access,
): string {
  if (name === 'format') return new Fields(run, args, keywords, access).write(text)
  const [fields] = args
  if (args.length !== 1 || keywords.size > 0 || !(fields instanceof Dict))
    throw failure('format_map() takes one mapping')
  const named = new Map(Array.from(fields.entries(), ([key, value]) => [str(run, key), value]))
  return new Fields(run, [], named, access).write(text)
}

class Fields {
  readonly #run: Run
  readonly #args: readonly Value[]
  readonly #keywords: Keywords
  readonly #access: Access
  #next = 0

  constructor(run: Run, args: readonly Value[], keywords: Keywords, access: Access) {
    this.#run = run
    this.#args = args
    this.#keywords = keywords
    this.#access = access
  }

  write(text: string): string {
    this.#run.budget.read(text.length)
    const result = text.replace(FIELD, (...match) => {
      const [whole] = match
      if (whole === '{{' || whole === '}}') return whole[0]
      if (whole === '{' || whole === '}') throw failure(`Single '${whole}' encountered in format string`)
      const { name, conversion, spec = '' } = match.at(-1) as Record<string, string>
      const value = this.#value(name)
      return formatValue(this.#run, this.#converted(value, conversion), spec.includes('{') ? this.write(spec) : spec)
    })
    this.#run.budget.characters(result.length)
    return result
  }

  #converted(value: Value, conversion: string | undefined): Value {
    if (conversion === undefined) return value
    if (conversion === 's') return str(this.#run, value)
    if (conversion === 'r') return repr(this.#run, value)
    throw failure(`Unknown conversion specifier '${conversion}'`)
  }

  #value(name: string): Value {
    const [first, ...rest] = name.match(/^[^.[]*|\.[^.[]+|\[[^\]]+\]/g) ?? ['']
    if (first + rest.join('') !== name) throw failure(`cannot read the field '${name}'`)
    let value = /^\d*$/.test(first)
      ? this.#args[first === '' ? this.#next++ : Number(first)]
      : this.#keywords.get(first)
    if (value === undefined) throw failure(`no argument for the field '${name}'`)
    for (const step of rest) {
      const key = step.replace(/^[.[]|\]$/g, '')
      value =
        step[0] === '.'
          ? this.#access.getAttribute(value, key)
          : this.#access.getItem(value, /^\d+$/.test(key) ? BigInt(key) : key)
    }
    return value
  }
}
