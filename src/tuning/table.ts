import type { Way, WayChoice } from '../kernels/tunable'

/** The picks for each shape of call; plain data. */
export type TuningTable = Record<string, Picks>
/** The index of the fastest way, for each number of tokens that was timed. */
export type Picks = Readonly<Record<number, number>>

/** Numbers of tokens between which the fastest way may change, beside those where it is thought to. */
const STEPS = [1, 4, 16, 64]

/** The numbers of tokens, rising, for which a call is timed: each stands for those after the one before. */
export function casesOf(ways: readonly Way[], maxTokens: number): readonly number[] {
  const ends = [...STEPS, ...ways.map(way => way.maxTokens)].filter(tokens => tokens < maxTokens)
  return [...new Set([...ends, maxTokens])].sort((a, b) => a - b)
}

/** The index of the way that is thought to be the best for so many tokens. */
export function defaultWay(ways: readonly Way[], tokens: number): number {
  return ways.findIndex(({ maxTokens }) => tokens <= maxTokens)
}

/** The way for each case, by default where none was picked; the last case's is for any more tokens too. */
export function choicesOf(cases: readonly number[], ways: readonly Way[], picks: Picks): WayChoice[] {
  const all = cases.map(tokens => picks[tokens] ?? defaultWay(ways, tokens))
  const last = cases.length - 1
  return all
    .map((way, at) => ({ way, maxTokens: at === last ? Number.POSITIVE_INFINITY : cases[at] }))
    .filter(({ way }, at) => way !== all[at + 1])
}

/** The picks in an entry that was kept, and may be damaged: ways of this call, for these cases. */
export function knownPicks(kept: unknown, cases: readonly number[], ways: readonly Way[]): Picks {
  const found: Record<number, unknown> = typeof kept === 'object' && kept !== null ? { ...kept } : {}
  const picks: Record<number, number> = {}
  for (const tokens of cases) {
    const way = found[tokens]
    if (typeof way === 'number' && way in ways) picks[tokens] = way
  }
  return picks
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
