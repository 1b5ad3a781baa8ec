import { indexOf, optionalIndex } from './arguments'
import { type Builtin, builtin } from './builtin'
import type { Run } from './run'
import { isSpace, strip } from './spaces'
import { failure, unsupported } from './template-error'
import { needText } from './text'
import { codePoints, isTrue, list, Tuple, type Value } from './values'

// biome-ignore lint/suspicious/noControlCharactersInRegex: Python ends lines at these
const LINE_END = /\r\n|[\n-\r\x1c-\x1e\x85\u2028\u2029]/

type TextMethod = (run: Run, text: string, ...given: (Value | undefined)[]) => Value

const method = (parameters: string, apply: TextMethod): Builtin =>
  builtin(parameters, (run, subject, ...given) => {
    const text = subject as string
    run.budget.read(text.length)
    const result = apply(run, text, ...given)
    if (typeof result === 'string') run.budget.characters(result.length)
    if (Array.isArray(result)) run.budget.steps(result.length)
    return result
  })

const test = (pattern: RegExp): Builtin => method('', (_, text) => pattern.test(text))

const stripping = (side: 'left' | 'right' | 'both') =>
  method('CHARACTERS', (_, text, characters) =>
    strip(text, side, characters === undefined || characters === null ? undefined : needText(characters, 'strip arg')),
  )

const ending = (isAt: (text: string, part: string) => boolean) =>
  method('PREFIX! START END', (_, text, parts, start, end) => {
    const within = part(text, optionalIndex(start, 0), optionalIndex(end, Infinity))
    const choices = parts instanceof Tuple ? parts : [parts]
    return choices.some(choice => !Number.isNaN(within.offset) && isAt(within.text, needText(choice, 'first arg')))
  })

/** The part of a text between two bounds, and how many code points come before it. Bounds count code points, from the end if negative. */
function part(text: string, start: number, end: number): { text: string; offset: number } {
  if (start === 0 && end === Infinity) return { text, offset: 0 }
  const points = codePoints(text)
  const from = start < 0 ? Math.max(0, points.length + start) : start
  const slice = from > points.length ? '' : points.slice(from, end)
  return { text: typeof slice === 'string' ? slice : slice.join(''), offset: from > points.length ? Number.NaN : from }
}

const finding = (direction: 'indexOf' | 'lastIndexOf', isNeeded: boolean) =>
  method('PART! START END', (_, text, wanted, start, end) => {
    const within = part(text, optionalIndex(start, 0), optionalIndex(end, Infinity))
    const at = Number.isNaN(within.offset) ? -1 : within.text[direction](needText(wanted, 'sub'))
    if (at < 0 && isNeeded) throw failure('substring not found')
    return at < 0 ? -1n : BigInt(within.offset + codePoints(within.text.slice(0, at)).length)
  })

/** Fields between `separator`, from the left or right, of which the last one keeps whatever is too many. */
function split(text: string, separator: string, limit: number, fromRight: boolean): string[] {
  if (separator === '') throw failure('empty separator')
  const fields = text.split(separator)
  if (limit < 0 || fields.length <= limit + 1) return fields
  const numJoined = fields.length - limit
  return fromRight
    ? [fields.slice(0, numJoined).join(separator), ...fields.slice(numJoined)]
    : [...fields.slice(0, limit), fields.slice(limit).join(separator)]
}

/** Words between runs of white space. */
function splitWords(text: string, limit: number): string[] {
  const words: string[] = []
  let at = 0
  for (;;) {
    while (at < text.length && isSpace(text[at])) at++
    if (at === text.length) return words
    if (words.length === limit) return [...words, text.slice(at)]
    const start = at
    while (at < text.length && !isSpace(text[at])) at++
    words.push(text.slice(start, at))
  }
}

/** Words from the right: those of the mirrored text from the left. */
function splitWordsFromRight(text: string, limit: number): string[] {
  const mirrored = (word: string) => word.split('').reverse().join('')
  return splitWords(mirrored(text), limit).map(mirrored).reverse()
}

const splitting = (fromRight: boolean) =>
  method('sep maxsplit', (_, text, separator, maxSplit) => {
    const limit = indexOf(maxSplit, -1)
    if (separator !== undefined && separator !== null) {
      return split(text, needText(separator, 'separator'), limit, fromRight)
    }
    return fromRight ? splitWordsFromRight(text, limit) : splitWords(text, limit)
  })

const parting = (fromRight: boolean) =>
  method('SEPARATOR!', (_, text, separator) => {
    const mark = needText(separator, 'separator')
    const fields = split(text, mark, 1, fromRight)
    if (fields.length === 2) return Tuple.from([fields[0], mark, fields[1]])
    return Tuple.from(fromRight ? ['', '', text] : [text, '', ''])
  })

const justifying = (missingBefore: (missing: number, width: number) => number) =>
  method('WIDTH! FILL', (run, text, width, fill = ' ') => {
    const [size, character] = [indexOf(width, 0), needText(fill, 'fill character')]
    if (codePoints(character).length !== 1) throw failure('The fill character must be exactly one character long')
    const missing = size - codePoints(text).length
    if (missing <= 0) return text
    run.budget.characters(size * character.length)
    const before = missingBefore(missing, size)
    return character.repeat(before) + text + character.repeat(missing - before)
  })

export function splitLines(text: string, keepsEnds = false): string[] {
  const lines = text.split(new RegExp(keepsEnds ? `(?<=${LINE_END.source})(?<!\\r(?=\\n))` : LINE_END))
  if (lines.at(-1) === '') lines.pop()
  return lines
}

export function replace(run: Run, text: string, old: string, by: string, limit: number): string {
  if (limit === 0) return text
  const pieces = old === '' ? ['', ...codePoints(text), ''] : text.split(old)
  run.budget.steps(pieces.length)
  const numReplaced = limit < 0 ? pieces.length - 1 : Math.min(limit, pieces.length - 1)
  run.budget.characters(text.length + numReplaced * by.length)
  const rest = pieces.slice(numReplaced).join(old)
  return numReplaced === 0 ? rest : pieces.slice(0, numReplaced).join(by) + by + rest
}

export function join(run: Run, separator: string, texts: Iterable<string>): string {
  const pieces: string[] = []
  for (const text of texts) {
    run.budget.characters(text.length + separator.length)
    pieces.push(text)
  }
  return pieces.join(separator)
}

export const capitalize = (text: string) => {
  const [first = '', ...rest] = codePoints(text)
  return first.toUpperCase() + rest.join('').toLowerCase()
}

const removing = (side: 'startsWith' | 'endsWith') =>
  method('PART!', (_, text, value) => {
    const affix = needText(value, 'argument')
    if (affix === '' || !text[side](affix)) return text
    return side === 'startsWith' ? text.slice(affix.length) : text.slice(0, -affix.length)
  })

const METHODS: Readonly<Record<string, Builtin>> = {
  capitalize: method('', (_, text) => capitalize(text)),
  casefold: method('', (_, text) => text.replaceAll('ß', 'ss').toLowerCase()),
  center: justifying((missing, width) => (missing >> 1) + (missing & width & 1)),
  count: method('PART! START END', (_, text, wanted, start, end) => {
    const within = part(text, optionalIndex(start, 0), optionalIndex(end, Infinity))
    const sought = needText(wanted, 'sub')
    if (Number.isNaN(within.offset)) return 0n
    return BigInt(sought === '' ? codePoints(within.text).length + 1 : within.text.split(sought).length - 1)
  }),
  endswith: ending((text, suffix) => text.endsWith(suffix)),
  expandtabs: method('tabsize', (run, text, size) => {
    const width = indexOf(size, 8)
    let column = 0
    return text.replace(/\t|[\n\r]|[^\t\n\r]+/g, piece => {
      if (piece === '\n' || piece === '\r') column = 0
      else if (piece !== '\t') column += codePoints(piece).length
      else {
        const blanks = width > 0 ? width - (column % width) : 0
        run.budget.characters(blanks)
        column += blanks
        return ' '.repeat(blanks)
      }
      return piece
    })
  }),
  find: finding('indexOf', false),
  index: finding('indexOf', true),
  isalnum: test(/^[\p{L}\p{N}]+$/u),
  isalpha: test(/^\p{L}+$/u),
  isascii: test(/^\p{ASCII}*$/u),
  isdecimal: test(/^\p{Nd}+$/u),
  isdigit: test(/^[\p{Nd}²³¹⁰⁴-⁹₀-₉①-⑨]+$/u),
  isidentifier: test(/^[\p{ID_Start}_]\p{ID_Continue}*$/u),
  islower: method('', (_, text) => isLower(text)),
  isnumeric: test(/^\p{N}+$/u),
  isprintable: test(/^(?:[^\p{C}\p{Z}]| )*$/u),
  isspace: method('', (_, text) => text !== '' && strip(text, 'left') === ''),
  istitle: method('', (_, text) => /\p{Lu}|\p{Lt}/u.test(text) && title(text) === text),
  isupper: method('', (_, text) => isUpper(text)),
  join: method('ITEMS!', (run, text, items) => {
    const pieces = list(run, items as Value)
    return join(
      run,
      text,
      pieces.map((item, index) => needText(item, `sequence item ${index}`)),
    )
  }),
  ljust: justifying(() => 0),
  lower: method('', (_, text) => text.toLowerCase()),
  lstrip: stripping('left'),
  partition: parting(false),
  removeprefix: removing('startsWith'),
  removesuffix: removing('endsWith'),
  replace: method('OLD! NEW! COUNT', (run, text, old, by, count) =>
    replace(run, text, needText(old, 'replace() argument 1'), needText(by, 'replace() argument 2'), indexOf(count, -1)),
  ),
  rfind: finding('lastIndexOf', false),
  rindex: finding('lastIndexOf', true),
  rjust: justifying(missing => missing),
  rpartition: parting(true),
  rsplit: splitting(true),
  rstrip: stripping('right'),
  split: splitting(false),
  splitlines: method('keepends', (_, text, keepEnds = false) => splitLines(text, isTrue(keepEnds))),
  startswith: ending((text, prefix) => text.startsWith(prefix)),
  strip: stripping('both'),
  swapcase: method('', (_, text) =>
    text.replace(/\p{L}/gu, letter => (letter === letter.toUpperCase() ? letter.toLowerCase() : letter.toUpperCase())),
  ),
  title: method('', (_, text) => title(text)),
  upper: method('', (_, text) => text.toUpperCase()),
  zfill: method('WIDTH!', (run, text, width) => {
    const size = indexOf(width, 0)
    const missing = size - codePoints(text).length
    if (missing <= 0) return text
    run.budget.characters(size)
    const sign = /^[+-]/.test(text) ? text[0] : ''
    return sign + '0'.repeat(missing) + text.slice(sign.length)
  }),
}

const OTHERS = ['encode', 'maketrans', 'translate']

export const isLower = (text: string) => /\p{Lowercase}/u.test(text) && !/[\p{Lu}\p{Lt}]/u.test(text)
export const isUpper = (text: string) => /\p{Uppercase}/u.test(text) && !/[\p{Ll}\p{Lt}]/u.test(text)

const title = (text: string) => text.replace(/[\p{Lu}\p{Ll}\p{Lt}]+/gu, capitalize)

/** The method of this name, or undefined. `format` is apart: it takes whatever arguments its fields name. */
export function stringMethod(name: string): Builtin | undefined {
  if (OTHERS.includes(name)) throw unsupported(`It uses the method ${name} of strings.`)
  return Object.hasOwn(METHODS, name) ? METHODS[name] : undefined
}
