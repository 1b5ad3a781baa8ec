import { builtin } from './builtin'
import { numberOf, order } from './compare'
import type { Run } from './run'
import { failure } from './template-error'
import { needText, reprFloat } from './text'
import { Dict, isTrue, Markup, PyObject, Tuple, typeName, Undefined, type Value } from './values'

interface Style {
  readonly isAscii: boolean
  readonly sortsKeys: boolean
  /** The text that indents each level; undefined writes everything in one line. */
  readonly indent: string | undefined
  readonly separators: readonly [item: string, key: string]
}

/** The filter `tojson` as transformers has it: `json.dumps` without jinja2's escapes for HTML. */
export const tojson = builtin(
  'ensure_ascii indent separators sort_keys',
  (run, value, ascii, indent, separators, sort) => {
    const by = indentOf(run, indent)
    const style: Style = {
      isAscii: ascii !== undefined && isTrue(ascii),
      sortsKeys: sort !== undefined && isTrue(sort),
      indent: by,
      separators: separatorsOf(separators) ?? [by === undefined ? ', ' : ',', ': '],
    }
    return write(run, style, value, '\n')
  },
)

function indentOf(run: Run, indent: Value | undefined): string | undefined {
  if (indent === undefined || indent === null) return undefined
  const width = numberOf(indent)
  if (width === undefined) return needText(indent, 'indent')
  const size = Math.max(0, Number(width))
  run.budget.characters(size)
  return ' '.repeat(size)
}

function separatorsOf(separators: Value | undefined): [string, string] | undefined {
  if (separators === undefined || separators === null) return undefined
  if (!Array.isArray(separators) || separators.length !== 2) throw failure('separators must be two texts')
  return [needText(separators[0], 'separator'), needText(separators[1], 'separator')]
}

/** A value as JSON. @param line the text that begins a line at this depth */
function write(run: Run, style: Style, value: Value, line: string): string {
  run.budget.steps(1)
  switch (typeof value) {
    case 'string':
      return quoted(run, style, value)
    case 'number':
      return jsonFloat(value)
    case 'bigint':
    case 'boolean':
      return String(value)
  }
  if (value === null) return 'null'
  if (value instanceof Markup) return quoted(run, style, value.text)
  if (Array.isArray(value)) {
    const inner = line + (style.indent ?? '')
    return group(
      run,
      style,
      '[]',
      line,
      value.map(item => write(run, style, item, inner)),
    )
  }
  if (value instanceof Dict) return writeDict(run, style, value, line)
  if (value instanceof Undefined) throw failure(`${value.message}, and JSON has no undefined`)
  throw failure(`Object of type ${typeName(value)} is not JSON serializable`)
}

function writeDict(run: Run, style: Style, dict: Dict, line: string): string {
  const entries = Array.from(dict.entries())
  if (style.sortsKeys) entries.sort(([a], [b]) => order(run, a, b))
  const inner = line + (style.indent ?? '')
  const items = entries.map(
    ([key, item]) => quoted(run, style, keyText(key)) + style.separators[1] + write(run, style, item, inner),
  )
  return group(run, style, '{}', line, items)
}

function group(run: Run, style: Style, [open, close]: string, line: string, items: readonly string[]): string {
  if (items.length === 0) return open + close
  const [before, between, after] =
    style.indent === undefined
      ? ['', style.separators[0], '']
      : [line + style.indent, style.separators[0] + line + style.indent, line]
  run.budget.characters(items.reduce((sum, item) => sum + item.length + between.length, before.length + after.length))
  return open + before + items.join(between) + after + close
}

function keyText(key: Value): string {
  if (typeof key === 'string') return key
  if (typeof key === 'number') return jsonFloat(key)
  if (key === null) return 'null'
  if (key instanceof Tuple || key instanceof PyObject) {
    throw failure(`keys must be str, int, float, bool or None, not ${typeName(key)}`)
  }
  return String(key)
}

const jsonFloat = (value: number) =>
  Number.isFinite(value) ? reprFloat(value) : Number.isNaN(value) ? 'NaN' : value < 0 ? '-Infinity' : 'Infinity'

const ESCAPES: Readonly<Record<string, string>> = {
  '"': '\\"',
  '\\': '\\\\',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
  '\f': '\\f',
  '\b': '\\b',
}
const unitEscape = (unit: string) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`

/** The escapes of a character: two where it takes a surrogate pair. */
const asciiEscape = (character: string) => character.split('').map(unitEscape).join('')

function quoted(run: Run, style: Style, text: string): string {
  run.budget.characters(text.length)
  const escaped = text.replace(/["\\\p{Cc}]/gu, unit => ESCAPES[unit] ?? (unit < ' ' ? unitEscape(unit) : unit))
  return `"${style.isAscii ? escaped.replace(/[^ -~]/gu, asciiEscape) : escaped}"`
}
