/** A median with its extremes. */
export interface Figure {
  readonly median: number
  readonly min: number
  readonly max: number
}

/** The figure of at least one value; with an even number, the median lies halfway between the two in the middle. */
export function figure(values: readonly number[]): Figure {
  const sorted = [...values].sort((a, b) => a - b)
  const last = sorted.length - 1
  const median = (sorted[Math.floor(last / 2)] + sorted[Math.ceil(last / 2)]) / 2
  return { median, min: sorted[0], max: sorted[last] }
}
