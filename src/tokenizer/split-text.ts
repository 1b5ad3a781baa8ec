import { UnsupportedModel } from '../core/errors'
import { isJsonObject } from '../core/json'
import { compilePattern, literalPattern, type Pattern } from './regex/pattern'

/** The pattern of a Split or Replace: a text as it is, or a regular expression. */
export function readPattern(step: unknown): Pattern {
  if (isJsonObject(step) && typeof step.Regex === 'string') return compilePattern(step.Regex)
  if (isJsonObject(step) && typeof step.String === 'string') return literalPattern(step.String)
  throw new UnsupportedModel('tokenizer.json splits texts by a pattern that is neither a String nor a Regex.')
}

/** A piece of a text, or what is between pieces. */
interface Piece {
  begin: number
  end: number
  readonly isMatch: boolean
}

const BEHAVIORS = ['Isolated', 'Removed', 'Contiguous', 'MergedWithPrevious', 'MergedWithNext']

/**
 * A function that cuts texts at the matches of `pattern`. `behavior` decides what becomes of those: `Removed`, `Isolated`, …
 * `inverts`: what is between matches counts as matches.
 * @throws UnsupportedModel for a behavior that is not known
 */
export function splitter(
  pattern: Pattern,
  behavior: unknown = 'Isolated',
  inverts = false,
): (text: string) => string[] {
  if (!BEHAVIORS.includes(String(behavior))) {
    throw new UnsupportedModel(`tokenizer.json splits texts by a pattern with the unknown behavior ${behavior}.`)
  }
  return text => {
    const pieces: Piece[] = []
    let wasMatch = false
    for (const piece of allPieces(pattern, text, inverts)) {
      const last = pieces[pieces.length - 1]
      if (behavior === 'Contiguous' && last && piece.isMatch === wasMatch) last.end = piece.end
      else if (behavior === 'MergedWithPrevious' && last && piece.isMatch && !wasMatch) last.end = piece.end
      else if (behavior === 'MergedWithNext' && last && !piece.isMatch && wasMatch) last.end = piece.end
      else if (!(behavior === 'Removed' && piece.isMatch)) pieces.push(piece)
      wasMatch = piece.isMatch
    }
    return pieces.flatMap(({ begin, end }) => (begin < end ? text.slice(begin, end) : []))
  }
}

function* allPieces(pattern: Pattern, text: string, inverts: boolean): Iterable<Piece> {
  let last = 0
  for (const [begin, end] of pattern(text)) {
    if (last < begin) yield { begin: last, end: begin, isMatch: inverts }
    yield { begin, end, isMatch: !inverts }
    last = end
  }
  if (last < text.length) yield { begin: last, end: text.length, isMatch: inverts }
}
