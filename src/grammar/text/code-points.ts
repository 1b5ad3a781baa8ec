import { byteRange, choice, type Expression, sequence } from '../automaton/expression'

/** Ranges of code points, first and last, in ascending order and apart. */
export type CodePoints = readonly (readonly [from: number, to: number])[]

export const LAST_CODE_POINT = 0x10ffff

/** The last code points of 1, 2, 3 and 4 bytes. */
const LENGTH_ENDS = [0x7f, 0x7ff, 0xffff, LAST_CODE_POINT]
const SURROGATES = [0xd800, 0xdfff] as const

/** Ranges in order, overlapping ones joined. */
export function normalized(ranges: CodePoints): CodePoints {
  const sorted = [...ranges].sort((a, b) => a[0] - b[0])
  const joined: [number, number][] = []
  for (const [from, to] of sorted) {
    const last = joined.at(-1)
    if (last && from <= last[1] + 1) last[1] = Math.max(last[1], to)
    else joined.push([from, to])
  }
  return joined
}

/** All code points but these. */
export function complement(ranges: CodePoints): CodePoints {
  const rest: [number, number][] = []
  let from = 0
  for (const [low, high] of normalized(ranges)) {
    if (low > from) rest.push([from, low - 1])
    from = high + 1
  }
  if (from <= LAST_CODE_POINT) rest.push([from, LAST_CODE_POINT])
  return rest
}

export function without(ranges: CodePoints, others: CodePoints): CodePoints {
  return complement([...complement(ranges), ...others])
}

/** The UTF-8 of one of these code points; halves of surrogate pairs, which have none, are left out. */
export function utf8(ranges: CodePoints): Expression {
  const items: Expression[] = []
  for (const [low, high] of without(normalized(ranges), [SURROGATES])) {
    let from = low
    for (const end of LENGTH_ENDS) {
      if (from > high || from > end) continue
      const to = Math.min(high, end)
      items.push(between(encode(from), encode(to)))
      from = to + 1
    }
  }
  return choice(...items)
}

function encode(codePoint: number): number[] {
  return [...new TextEncoder().encode(String.fromCodePoint(codePoint))]
}

/** All sequences of UTF-8 from one to another of the same length. */
function between(low: readonly number[], high: readonly number[]): Expression {
  const [from, ...lowRest] = low
  const [to, ...highRest] = high
  if (lowRest.length === 0) return byteRange(from, to)
  if (from === to) return sequence(byteRange(from), between(lowRest, highRest))
  const least = lowRest.map(() => 0x80)
  const most = lowRest.map(() => 0xbf)
  const isLowWhole = lowRest.every(byte => byte === 0x80)
  const isHighWhole = highRest.every(byte => byte === 0xbf)
  const items: Expression[] = []
  if (!isLowWhole) items.push(sequence(byteRange(from), between(lowRest, most)))
  const [first, last] = [isLowWhole ? from : from + 1, isHighWhole ? to : to - 1]
  if (first <= last) items.push(sequence(byteRange(first, last), between(least, most)))
  if (!isHighWhole) items.push(sequence(byteRange(to), between(least, highRest)))
  return choice(...items)
}
