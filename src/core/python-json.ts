import { CorruptCheckpoint } from './errors'

/**
 * The JSON that Python writes and reads: `NaN`, `Infinity` and `-Infinity` are numbers, and a byte order mark may come
 * first. Else as `JSON.parse`, which is tried first, as most files need no more: of equal keys the last one counts.
 * @throws CorruptCheckpoint with line and column of what is wrong, or for values nested deeper than `maxDepth`
 */
export function parsePythonJson(text: string, file: string, maxDepth = MAX_DEPTH): unknown {
  const value = parseStrict(text) ?? new PythonJson(text, file, maxDepth).parse()
  if (isWithin(value, maxDepth)) return value
  throw new CorruptCheckpoint(`${file} is nested more than ${maxDepth} levels deep, the most that is read.`)
}

/** Python's own reader stops at about 1000; of published files none has more than 20. Whoever walks them may be recursive. */
const MAX_DEPTH = 500

/** Undefined unless it is JSON. */
function parseStrict(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    // SyntaxError, or RangeError where the parser is recursive: the other one says what is wrong, and where
    return undefined
  }
}

/** Goes down no further than it may. */
function isWithin(value: unknown, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return true
  if (levels === 0) return false
  if (Array.isArray(value)) return value.every(each => isWithin(each, levels - 1))
  const json = value as Readonly<Record<string, unknown>>
  for (const key in json) if (!isWithin(json[key], levels - 1)) return false
  return true
}

const BLANKS = /[ \t\n\r]*/y
const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y
const WORDS: readonly (readonly [word: string, value: unknown])[] = [
  ['null', null],
  ['true', true],
  ['false', false],
  ['NaN', Number.NaN],
  ['Infinity', Number.POSITIVE_INFINITY],
  ['-Infinity', Number.NEGATIVE_INFINITY],
]

/** A reader that goes down as deep as `maxDepth`. */
class PythonJson {
  #at = 0

  constructor(
    readonly text: string,
    readonly file: string,
    readonly maxDepth: number,
  ) {}

  parse(): unknown {
    if (this.text.startsWith('\ufeff')) this.#at = 1
    const value = this.#value(0)
    this.#skipBlanks()
    if (this.#at < this.text.length) throw this.#wrong('the end')
    return value
  }

  #value(depth: number): unknown {
    this.#skipBlanks()
    if (depth > this.maxDepth) throw this.#wrong(`no more than ${this.maxDepth} levels`)
    const char = this.text[this.#at]
    if (char === '{') return this.#object(depth)
    if (char === '[') return this.#list(depth)
    if (char === '"') return this.#string()
    const word = WORDS.find(([name]) => this.text.startsWith(name, this.#at))
    if (word) {
      this.#at += word[0].length
      return word[1]
    }
    const number = this.#match(NUMBER)
    if (number === '') throw this.#wrong('a value')
    return Number(number)
  }

  #object(depth: number): object {
    const entries: [string, unknown][] = []
    this.#at++
    while (!this.#closes('}', entries.length)) {
      this.#skipBlanks()
      if (this.text[this.#at] !== '"') throw this.#wrong('a key in quotes')
      const key = this.#string()
      this.#skipBlanks()
      if (this.text[this.#at] !== ':') throw this.#wrong('":"')
      this.#at++
      entries.push([key, this.#value(depth + 1)])
    }
    return Object.fromEntries(entries)
  }

  #list(depth: number): unknown[] {
    const values: unknown[] = []
    this.#at++
    while (!this.#closes(']', values.length)) values.push(this.#value(depth + 1))
    return values
  }

  /** Steps over `end`, or over the comma that comes before all members but the first. */
  #closes(end: string, numBefore: number): boolean {
    this.#skipBlanks()
    const char = this.text[this.#at]
    if (char === end) {
      this.#at++
      return true
    }
    if (numBefore === 0) return false
    if (char !== ',') throw this.#wrong(`"," or "${end}"`)
    this.#at++
    return false
  }

  #string(): string {
    const begin = this.#at
    for (this.#at++; this.text[this.#at] !== '"'; this.#at++) {
      if (this.text[this.#at] === '\\') this.#at++
      if (this.#at >= this.text.length) throw this.#wrong("a text's closing quote")
    }
    this.#at++
    try {
      return JSON.parse(this.text.slice(begin, this.#at))
    } catch (cause) {
      this.#at = begin
      throw this.#wrong('a text with valid escapes and no control characters', cause)
    }
  }

  #skipBlanks(): void {
    this.#match(BLANKS)
  }

  #match(pattern: RegExp): string {
    pattern.lastIndex = this.#at
    const [found = ''] = pattern.exec(this.text) ?? []
    this.#at += found.length
    return found
  }

  #wrong(expected: string, cause?: unknown): CorruptCheckpoint {
    const before = this.text.slice(0, this.#at).split('\n')
    const found = this.#at < this.text.length ? JSON.stringify(this.text.slice(this.#at, this.#at + 10)) : 'the end'
    return new CorruptCheckpoint(
      `${this.file} is not valid JSON (${this.text.length} characters). Download it again. ` +
        `In line ${before.length}, column ${before[before.length - 1].length + 1}, ${expected} should be, not ${found}.`,
      { cause },
    )
  }
}
