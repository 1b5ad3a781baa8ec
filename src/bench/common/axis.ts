/** A scale of a plot: where values go, and which are named. */
export interface Axis {
  readonly ticks: readonly number[]
  /** The part of the way from the low end to the high one, 0 to 1. */
  place(value: number): number
}

/** A linear axis from 0 to a round number at or above all values. */
export function linearAxis(values: readonly number[]): Axis {
  const most = Math.max(...values)
  const step = roundStep(most / 5)
  const high = Math.ceil(most / step) * step
  const ticks = Array.from({ length: Math.round(high / step) + 1 }, (_, index) => index * step)
  return { ticks, place: value => value / high }
}

/** A logarithmic axis from 1, 2 or 5 times a power of ten to another, as close around the values as there are. */
export function logAxis(values: readonly number[]): Axis {
  const low = Math.min(...values)
  const high = Math.max(...values)
  const decades = Array.from(
    { length: Math.ceil(Math.log10(high)) - Math.floor(Math.log10(low)) + 1 },
    (_, index) => 10 ** (Math.floor(Math.log10(low)) + index),
  )
  const all = decades.flatMap(decade => [decade, 2 * decade, 5 * decade])
  const first = all.findLastIndex(tick => tick <= low)
  const last = all.findIndex((tick, index) => tick >= high && index > first)
  return logAxisOf(all.slice(first, last + 1))
}

/** A logarithmic axis with these ascending ticks, the first and last at the ends. */
export function logAxisOf(ticks: readonly number[]): Axis {
  const low = Math.log(ticks[0])
  const width = Math.log(ticks[ticks.length - 1]) - low
  return { ticks, place: value => (width === 0 ? 0.5 : (Math.log(value) - low) / width) }
}

/** The least 1, 2 or 5 times a power of ten that is no less. */
function roundStep(least: number): number {
  const decade = 10 ** Math.floor(Math.log10(least))
  // a hair's breadth of tolerance: 5 × 0.1 is not quite 0.5
  return [1, 2, 5, 10].map(factor => factor * decade).find(step => step >= least * (1 - 1e-12)) ?? 10 * decade
}
