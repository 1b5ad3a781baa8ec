import { indexOf } from './arguments'
import { type Builtin, builtin } from './builtin'
import { escapeHtml } from './escape-html'
import { formatPercent } from './format'
import { tojson } from './json'
import type { Run } from './run'
import { SPACE, strip } from './spaces'
import { capitalize, replace, splitLines, stringMethod } from './string-methods'
import { failure } from './template-error'
import { needText, str } from './text'
import { codePoints, Dict, each, isIterable, isTrue, Markup, Tuple, textOf, unpack, type Value } from './values'

const onText = (parameters: string, apply: (run: Run, text: string, ...given: (Value | undefined)[]) => Value) =>
  builtin(parameters, (run, value, ...given) => {
    const text = str(run, value)
    const result = apply(run, text, ...given)
    if (typeof result === 'string') run.budget.characters(result.length)
    return result
  })

const escaping = builtin('', (run, value) => {
  if (value instanceof Markup) return value
  const text = escapeHtml(str(run, value))
  run.budget.characters(text.length)
  return new Markup(text)
})

const WORD_BEGIN = new RegExp(`((?:[-({\\[<]|${SPACE})+)`)

export const TEXT_FILTERS: Readonly<Record<string, Builtin>> = {
  capitalize: onText('', (_, text) => capitalize(text)),
  center: onText('width', (run, text, width = 80n) => stringMethod('center')?.apply(run, text, width) ?? text),
  e: escaping,
  escape: escaping,
  forceescape: onText('', (_, text) => new Markup(escapeHtml(text))),
  indent: builtin('width first blank', (run, value, width = 4n, first = false, blank = false) => {
    const by = textOf(width) ?? blanks(run, indexOf(width, 4))
    const lines = splitLines(`${needText(value, 'indent')}\n`)
    run.budget.characters(lines.reduce((sum, line) => sum + line.length + by.length + 1, by.length))
    const indented = lines.map((line, index) => (index > 0 && (line !== '' || isTrue(blank)) ? by + line : line))
    return (isTrue(first) ? by : '') + indented.join('\n')
  }),
  lower: onText('', (_, text) => text.toLowerCase()),
  replace: onText('old! new! count', (run, text, old, by, count) =>
    replace(run, text, str(run, old as Value), str(run, by as Value), count === null ? -1 : indexOf(count, -1)),
  ),
  safe: builtin('', (run, value) => new Markup(str(run, value))),
  string: builtin('', (run, value) => (value instanceof Markup ? value : str(run, value))),
  title: onText('', (_, text) => text.split(WORD_BEGIN).map(capitalize).join('')),
  tojson,
  trim: onText('chars', (_, text, characters) =>
    strip(text, 'both', characters === undefined || characters === null ? undefined : needText(characters, 'chars')),
  ),
  truncate: builtin('length killwords end leeway', (_, value, length, killWords = false, end = '...', leeway = 5n) => {
    const text = needText(value, 'truncate')
    const mark = needText(end, 'end')
    const [size, slack] = [indexOf(length, 255), leeway === null ? 5 : indexOf(leeway, 5)]
    const points = Array.from(text)
    const numKept = size - codePoints(mark).length
    if (numKept < 0 || slack < 0) throw failure(`expected length >= ${codePoints(mark).length}, got ${size}`)
    if (points.length <= size + slack) return text
    const kept = points.slice(0, numKept).join('')
    const lastBlank = kept.lastIndexOf(' ')
    return (isTrue(killWords) || lastBlank < 0 ? kept : kept.slice(0, lastBlank)) + mark
  }),
  upper: onText('', (_, text) => text.toUpperCase()),
  urlencode: builtin('', (run, value) => {
    if (textOf(value) !== undefined || !isIterable(value)) return quoteUrl(run, value, '/')
    const pairs: Iterable<readonly Value[]> =
      value instanceof Dict ? value.entries() : Array.from(each(run, value), pair => unpack(pair, 2))
    const quote = (part: Value) => quoteUrl(run, part, '').replaceAll('%20', '+')
    return Array.from(pairs, ([key, item]) => `${quote(key)}=${quote(item)}`).join('&')
  }),
  wordcount: onText('', (_, text) => BigInt(text.match(/[\p{L}\p{N}_]+/gu)?.length ?? 0)),
}

/** `|format(…)` is `%` with its arguments, named or not. */
export function formatFilter(
  run: Run,
  text: Value,
  args: readonly Value[],
  keywords: ReadonlyMap<string, Value>,
): Value {
  if (args.length > 0 && keywords.size > 0)
    throw failure("can't handle positional and keyword arguments at the same time")
  return formatPercent(run, str(run, text), keywords.size > 0 ? Dict.of(keywords) : Tuple.from(args))
}

function blanks(run: Run, width: number): string {
  if (width > 0) run.budget.characters(width)
  return ' '.repeat(Math.max(0, width))
}

function quoteUrl(run: Run, value: Value, safe: string): string {
  const text = str(run, value)
  run.budget.characters(text.length * 3)
  const quoted = encodeURIComponent(text).replace(
    /[!'()*]/g,
    unit => `%${unit.charCodeAt(0).toString(16).toUpperCase()}`,
  )
  return safe === '/' ? quoted.replaceAll('%2F', '/') : quoted
}
