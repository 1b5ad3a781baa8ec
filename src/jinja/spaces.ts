/** The class of characters that Python's `\s`, `isspace` and `strip` take for white space. */
export const SPACE = '[\\t-\\r\\x1c-\\x20\\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000]'
const IS_SPACE = new RegExp(SPACE)

export const isSpace = (character: string | undefined) => character !== undefined && IS_SPACE.test(character)

/** The text without these characters (or white space) at its start or end. Takes linear time, as patterns would not. */
export function strip(text: string, side: 'left' | 'right' | 'both', characters?: string): string {
  const set = characters === undefined ? undefined : new Set(characters)
  const points = set && /[\ud800-\udfff]/.test(text + characters) ? Array.from(text) : text
  const goes = (at: number) => (set ? set.has(points[at]) : isSpace(points[at]))
  let [start, end] = [0, points.length]
  if (side !== 'right') while (start < end && goes(start)) start++
  if (side !== 'left') while (end > start && goes(end - 1)) end--
  const kept = points.slice(start, end)
  return typeof kept === 'string' ? kept : kept.join('')
}
