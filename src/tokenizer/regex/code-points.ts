import { UnsupportedModel } from '../../core/errors'

// Classes of Oniguruma, each as the inside of a class for JavaScript's flag `v`.
export const DIGIT = '\\p{Nd}'
export const SPACE = '\\p{White_Space}'
export const WORD = '\\p{Alphabetic}\\p{M}\\p{Nd}\\p{Pc}'
export const HEX = '0-9A-Fa-f'

/** Classes by the names that POSIX brackets and Oniguruma's own properties have. */
const CLASSES: Readonly<Record<string, string>> = {
  alnum: '\\p{Alphabetic}\\p{Nd}',
  alpha: '\\p{Alphabetic}',
  ascii: '\\p{ASCII}',
  blank: '\\t\\p{Zs}',
  cntrl: '\\p{Cc}',
  digit: DIGIT,
  graph: '[^\\p{White_Space}\\p{Cc}\\p{Cs}\\p{Cn}]',
  lower: '\\p{Lowercase}',
  print: '[^\\p{White_Space}\\p{Cc}\\p{Cs}\\p{Cn}]\\p{Zs}',
  punct: '\\p{P}\\p{S}',
  space: SPACE,
  upper: '\\p{Uppercase}',
  word: WORD,
  xdigit: HEX,
}

/** The inside of the class of a POSIX bracket `[:name:]`. @throws UnsupportedModel for names that are not known */
export function posixClass(name: string, pattern: string): string {
  const inside = CLASSES[name]
  if (inside !== undefined) return inside
  throw new UnsupportedModel(`tokenizer.json has the pattern ${pattern} with [:${name}:], which we cannot run.`)
}

/** The inside of the class of a property `\p{name}`, which Oniguruma finds whatever the case. @throws UnsupportedModel for one that is not known */
export function propertyClass(name: string, pattern: string): string {
  // symbols are [:punct:], but not \p{Punct}
  const inside = name.toLowerCase() === 'punct' ? '\\p{P}' : CLASSES[name.toLowerCase()]
  if (inside !== undefined) return inside
  const written = name.replace(
    /(^|[_ -])([a-z])/gi,
    (_, gap: string, letter: string) => (gap && '_') + letter.toUpperCase(),
  )
  for (const property of [name, `Script=${name}`, written, `Script=${written}`]) {
    if (isProperty(property)) return `\\p{${property}}`
  }
  throw new UnsupportedModel(`tokenizer.json has the pattern ${pattern} with \\p{${name}}, which is not known here.`)
}

function isProperty(name: string): boolean {
  try {
    return new RegExp(`\\p{${name}}`, 'v').flags === 'v'
  } catch (error) {
    if (error instanceof SyntaxError) return false
    throw error
  }
}

/** One code point as it stands in a class and outside. */
export function literal(char: string): string {
  return /[A-Za-z0-9\u00a1-\u{10ffff}]/u.test(char) ? char : `\\u{${(char.codePointAt(0) ?? 0).toString(16)}}`
}

/**
 * The class with these code points and all that differ from them in case alone; undefined if one of them is several in
 * another case (ß is ss), which no class can say.
 */
export function foldCase(inside: string): string | undefined {
  if (!folded.has(inside)) folded.set(inside, findFolded(inside))
  return folded.get(inside)
}

/** Folded classes that were asked for before: patterns ask for the same few letters. */
const folded = new Map<string, string | undefined>()

/** All letters with case. */
let cased: readonly string[] | undefined

function findFolded(inside: string): string | undefined {
  cased ??= findCased()
  const exact = oneOf(inside)
  const either = oneOf(inside, 'iv')
  if (cased.some(char => [...char.toUpperCase()].length > 1 && exact.test(char))) return undefined
  return inside + cased.filter(char => either.test(char) && !exact.test(char)).join('')
}

function findCased(): string[] {
  const isCased = oneOf('\\p{Cased}\\p{Changes_When_Casemapped}')
  const found: string[] = []
  for (let code = 0x41; code < 0x1f000; code++) {
    if (code === 0xd800) code = 0xe000
    const char = String.fromCodePoint(code)
    if (isCased.test(char)) found.push(char)
  }
  return found
}

function oneOf(inside: string, flags = 'v'): RegExp {
  return new RegExp(`^[${inside}]$`, flags)
}
