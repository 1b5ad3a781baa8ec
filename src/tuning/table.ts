import type { Way, WayChoice } from '../kernels/tunable'

/** Of each shape of call, for each of its cases, the index of the fastest way; plain data, to be kept. */
export type TuningTable = Record<string, readonly number[]>

/** Numbers of tokens between which the fastest way may change, beside those where it is thought to. */
const STEPS = [1, 4, 16, 64, 256]

/** The numbers of tokens, rising, for which a call is timed: each stands for those after the one before. */
export function casesOf(ways: readonly Way[], maxTokens: number): readonly number[] {
  const ends = [...STEPS, ...ways.map(way => way.maxTokens)].filter(tokens => tokens < maxTokens)
  return [...new Set([...ends, maxTokens])].sort((a, b) => a - b)
}

/** The index of the way that is thought to be the best for so many tokens. */
export function defaultWay(ways: readonly Way[], tokens: number): number {
  return ways.findIndex(({ maxTokens }) => tokens <= maxTokens)
}

/** The last case's way is for any more tokens too. */
export function choicesOf(cases: readonly number[], picks: readonly number[]): WayChoice[] {
  const last = cases.length - 1
  return picks
    .map((way, at) => ({ way, maxTokens: at === last ? Number.POSITIVE_INFINITY : cases[at] }))
    .filter(({ way }, at) => way !== picks[at + 1])
}

/** A way for each case: what was kept may be damaged. */
export function arePicks(value: unknown, cases: readonly number[], ways: readonly Way[]): value is readonly number[] {
  return (
    Array.isArray(value) && value.length === cases.length && value.every(way => Number.isInteger(way) && way in ways)
  )
}

/** A kept table; one without anything if it is none. */
export function parseTable(text: string): TuningTable {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? { ...(value as TuningTable) } : {}
  } catch {
    return {}
  }
}
