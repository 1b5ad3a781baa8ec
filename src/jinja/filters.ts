import { applyBuiltin, type Builtin } from './builtin'
import { attributeGetter, LIST_FILTERS } from './list-filters'
import { NUMBER_FILTERS } from './number-filters'
import type { Run } from './run'
import { failure, TemplateError } from './template-error'
import { TESTS } from './tests'
import { needText } from './text'
import { formatFilter, TEXT_FILTERS } from './text-filters'
import { each, Generator, isTrue, type Keywords, textOf, type Value } from './values'

/** A filter or test, bound to its name. */
export type Applied = (run: Run, subject: Value, args: readonly Value[], keywords: Keywords) => Value

const BUILTINS: Readonly<Record<string, Builtin>> = { ...TEXT_FILTERS, ...NUMBER_FILTERS, ...LIST_FILTERS }

/** Filters that jinja2 has and we do not: for pages, or not the same twice. */
const MISSING = ['filesizeformat', 'pprint', 'random', 'striptags', 'urlize', 'wordwrap', 'xmlattr']

const GENERAL: Readonly<Record<string, Applied>> = {
  format: formatFilter,
  map: (run, subject, args, keywords) =>
    lazily(
      run,
      subject,
      () => mapping(run, args, keywords),
      (value, to) => [to(value)],
    ),
  select: (run, subject, args, keywords) => selecting(run, subject, args, keywords, false, true),
  reject: (run, subject, args, keywords) => selecting(run, subject, args, keywords, false, false),
  selectattr: (run, subject, args, keywords) => selecting(run, subject, args, keywords, true, true),
  rejectattr: (run, subject, args, keywords) => selecting(run, subject, args, keywords, true, false),
}

/** The filter of this name. */
export function filterOf(name: string): Applied {
  if (Object.hasOwn(GENERAL, name)) return GENERAL[name]
  if (MISSING.includes(name)) throw new TemplateError('unsupported', `It uses the filter '${name}'.`)
  return bound(BUILTINS, name, 'filter')
}

/** The test of this name. */
export function testOf(name: string): Applied {
  if (name === 'filter') return (_, subject) => isAny(subject, GENERAL, BUILTINS) || MISSING.includes(subject as string)
  if (name === 'test') return (_, subject) => isAny(subject, TESTS) || subject === 'filter' || subject === 'test'
  return bound(TESTS, name, 'test')
}

const isAny = (name: Value, ...tables: object[]) => tables.some(table => Object.hasOwn(table, needText(name, 'name')))

function bound(table: Readonly<Record<string, Builtin>>, name: string, kind: string): Applied {
  if (!Object.hasOwn(table, name)) throw new TemplateError('syntax', `No ${kind} named '${name}'.`)
  const builtin = table[name]
  return (run, subject, args, keywords) => {
    run.budget.read(textOf(subject)?.length ?? 0)
    return applyBuiltin(run, builtin, name, subject, args, keywords)
  }
}

/** A generator of what `give` makes of each value. As in Python, `prepare` is called when it is first asked for an element. */
function lazily<T>(run: Run, subject: Value, prepare: () => T, give: (value: Value, by: T) => Value[]): Generator {
  function* values() {
    if (!isTrue(subject)) return
    const by = prepare()
    for (const value of each(run, subject)) yield* give(value, by)
  }
  return new Generator(values())
}

function mapping(run: Run, args: readonly Value[], keywords: Keywords): (value: Value) => Value {
  if (args.length === 0 && keywords.has('attribute')) {
    for (const name of keywords.keys()) {
      if (name !== 'attribute' && name !== 'default') throw failure(`Unexpected keyword argument '${name}'`)
    }
    return attributeGetter(keywords.get('attribute'), keywords.get('default'))
  }
  if (args.length === 0) throw failure('map requires a filter argument')
  const filter = named(filterOf, args[0])
  return value => filter(run, value, args.slice(1), keywords)
}

function selecting(
  run: Run,
  subject: Value,
  args: readonly Value[],
  keywords: Keywords,
  byAttribute: boolean,
  wanted: boolean,
): Generator {
  const prepare = () => {
    if (byAttribute && args.length === 0) throw failure('Missing parameter for attribute name')
    const key = byAttribute ? attributeGetter(args[0]) : (value: Value) => value
    const [name, ...rest] = byAttribute ? args.slice(1) : args
    if (name === undefined) return (value: Value) => isTrue(key(value))
    const test = named(testOf, name)
    return (value: Value) => isTrue(test(run, key(value), rest, keywords))
  }
  return lazily(run, subject, prepare, (value, holds) => (holds(value) === wanted ? [value] : []))
}

/** The filter or test that a value names; that there is none is found out only now. */
function named(find: (name: string) => Applied, name: Value): Applied {
  const text = needText(name, 'name')
  try {
    return find(text)
  } catch (cause) {
    if (cause instanceof TemplateError && cause.kind === 'syntax') throw failure(cause.message)
    throw cause
  }
}
