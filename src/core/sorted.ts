import type { Work } from './work'

/** Values that are sorted at once, and merged without a pause: some tenths of a millisecond each. */
const RUN = 4096
const MERGED = 512

/** The values in order, like `toSorted`, as work that can be interrupted: a hundred thousand take longer than a frame. */
export function* sorted<T>(values: readonly T[], compare: (a: T, b: T) => number): Work<T[]> {
  if (values.length <= RUN) return values.toSorted(compare)
  const middle = values.length >> 1
  const low = yield* sorted(values.slice(0, middle), compare)
  yield
  const high = yield* sorted(values.slice(middle), compare)
  yield
  const merged: T[] = []
  for (let [a, b] = [0, 0]; merged.length < values.length; ) {
    if (a < low.length && (b === high.length || compare(low[a], high[b]) <= 0)) merged.push(low[a++])
    else merged.push(high[b++])
    if (merged.length % MERGED === 0) yield
  }
  return merged
}
