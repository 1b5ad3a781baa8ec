import { isLinear } from './is-linear'
import { Matcher } from './matcher'
import { parse } from './parse'
import { compile } from './program'
import { toJavaScript } from './to-javascript'

/** A match, from its first place to the one after its last. */
export type Match = readonly [begin: number, end: number]

/** Finds all matches, from left to right; an empty one not where another ends. */
export type Pattern = (text: string) => Iterable<Match>

/**
 * A pattern of tokenizer.json, in Oniguruma's syntax and meaning, that takes time proportional to the text: JavaScript's
 * own engine runs it where no text can make it backtrack for long, and ours the others.
 * @throws UnsupportedModel for a pattern that cannot be run, with the reason
 */
export function compilePattern(pattern: string): Pattern {
  const root = parse(pattern)
  if (isLinear(root)) {
    const source = toJavaScript(root)
    return text => ownMatches(source, text)
  }
  const program = compile(root, pattern)
  return text => {
    const matcher = new Matcher(program, text)
    return allMatches(text, index => matcher.endAt(index))
  }
}

/** The places where `part` stands. */
export function literalPattern(part: string): Pattern {
  const length = part.length
  return text => allMatches(text, index => (text.startsWith(part, index) ? index + length : undefined), part)
}

function* ownMatches(source: string, text: string): Iterable<Match> {
  const expression = new RegExp(source, 'gv')
  let last = -1
  for (const {
    index,
    0: { length },
  } of text.matchAll(expression)) {
    if (length === 0 && index === last) continue
    last = index + length
    yield [index, last]
  }
}

function* allMatches(text: string, endAt: (index: number) => number | undefined, part = ''): Iterable<Match> {
  let last = -1
  for (let index = 0; index <= text.length; ) {
    if (part !== '') {
      index = text.indexOf(part, index)
      if (index < 0) return
    }
    const end = endAt(index)
    if (end !== undefined && !(end === index && end === last)) {
      yield [index, end]
      last = end
      if (end > index) {
        index = end
        continue
      }
    }
    index += (text.codePointAt(index) ?? 0) > 0xffff ? 2 : 1
  }
}
