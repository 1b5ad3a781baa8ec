/**
 * A text of what is wrong with an output, if anything: the first value that is off by more than `bound` times the reference's
 * root mean square, or that is no number.
 * @param expected the value at each index
 */
export function difference(
  actual: ArrayLike<number>,
  expected: (index: number) => number,
  bound: number,
): string | undefined {
  let power = 0
  for (let i = 0; i < actual.length; i++) power += expected(i) ** 2
  const most = bound * Math.sqrt(power / actual.length)
  for (let i = 0; i < actual.length; i++) {
    const error = Math.abs(actual[i] - expected(i))
    // written so that NaN is wrong
    if (!(error <= most))
      return `output ${i} is ${actual[i]} and should be ${expected(i)}, within ${most.toPrecision(2)}`
  }
  return undefined
}
