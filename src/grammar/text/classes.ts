import { type CodePoints, complement, LAST_CODE_POINT } from './code-points'

const DIGITS: CodePoints = [[0x30, 0x39]]
const WORD: CodePoints = [
  [0x30, 0x39],
  [0x41, 0x5a],
  [0x5f, 0x5f],
  [0x61, 0x7a],
]
const SPACES: CodePoints = [
  [0x09, 0x0d],
  [0x20, 0x20],
  [0xa0, 0xa0],
  [0x1680, 0x1680],
  [0x2000, 0x200a],
  [0x2028, 0x2029],
  [0x202f, 0x202f],
  [0x205f, 0x205f],
  [0x3000, 0x3000],
  [0xfeff, 0xfeff],
]

export const ANY: CodePoints = [[0, LAST_CODE_POINT]]

/** What `.` is. */
export const IN_LINE: CodePoints = complement([
  [0x0a, 0x0a],
  [0x0d, 0x0d],
  [0x2028, 0x2029],
])

/** The classes of JavaScript's regular expressions, by the letter of their escape. */
export const CLASSES: Readonly<Record<string, CodePoints>> = {
  d: DIGITS,
  D: complement(DIGITS),
  w: WORD,
  W: complement(WORD),
  s: SPACES,
  S: complement(SPACES),
}

const properties = new Map<string, CodePoints | undefined>()

/** The code points of `\p{name}`; undefined if there is no such property. They are looked up one by one, once. */
export function property(name: string): CodePoints | undefined {
  if (!properties.has(name)) properties.set(name, find(name))
  return properties.get(name)
}

function find(name: string): CodePoints | undefined {
  const expression = expressionOf(name)
  if (!expression) return undefined
  const found: [number, number][] = []
  for (let code = 0; code <= LAST_CODE_POINT; code++) {
    if (!expression.test(String.fromCodePoint(code))) continue
    const last = found.at(-1)
    if (last && last[1] === code - 1) last[1] = code
    else found.push([code, code])
  }
  return found
}

function expressionOf(name: string): RegExp | undefined {
  try {
    return new RegExp(`^\\p{${name}}$`, 'u')
  } catch (error) {
    if (error instanceof SyntaxError) return undefined
    throw error
  }
}
