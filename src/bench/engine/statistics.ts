/** The value that a share `q` of at least one value does not exceed, interpolated where it falls between two. */
export function percentile(values: readonly number[], q: number): number {
  const sorted = [...values].sort((a, b) => a - b)
  const at = q * (sorted.length - 1)
  const [below, above] = [sorted[Math.floor(at)], sorted[Math.ceil(at)]]
  return below + (at - Math.floor(at)) * (above - below)
}

/** A line y = intercept + slope · x. */
export interface Line {
  readonly slope: number
  readonly intercept: number
  /** R², the part of the variance of y that the line explains. */
  readonly explained: number
}

/** The line of least squares through at least two points whose x differ. */
export function fitLine(points: readonly { readonly x: number; readonly y: number }[]): Line {
  const meanX = mean(points.map(({ x }) => x))
  const meanY = mean(points.map(({ y }) => y))
  const varianceX = mean(points.map(({ x }) => (x - meanX) ** 2))
  const varianceY = mean(points.map(({ y }) => (y - meanY) ** 2))
  const covariance = mean(points.map(({ x, y }) => (x - meanX) * (y - meanY)))
  const slope = covariance / varianceX
  const explained = varianceY === 0 ? 1 : covariance ** 2 / (varianceX * varianceY)
  return { slope, intercept: meanY - slope * meanX, explained }
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}
