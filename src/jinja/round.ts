/** Digits after the point that suffice to round every finite float that is not tiny. */
const EXACT_DIGITS = 100

/** `value` with so many digits after the point, rounded half to even on its exact binary value, as in Python. */
export function toFixed(value: number, digits: number): string {
  const sign = value < 0 || Object.is(value, -0) ? '-' : ''
  const size = Math.abs(value)
  if (size >= 1e21) return sign + BigInt(size) + (digits > 0 ? `.${'0'.repeat(digits)}` : '')
  if (digits >= EXACT_DIGITS) return sign + size.toFixed(EXACT_DIGITS) + '0'.repeat(digits - EXACT_DIGITS)
  const scaled = BigInt(size.toFixed(EXACT_DIGITS).replace('.', ''))
  const unit = 10n ** BigInt(EXACT_DIGITS - digits)
  const text = String(roundedQuotient(scaled, unit)).padStart(digits + 1, '0')
  return sign + (digits > 0 ? `${text.slice(0, -digits)}.${text.slice(-digits)}` : text)
}

/** `a / b` rounded half to even; neither is negative. */
export function roundedQuotient(a: bigint, b: bigint): bigint {
  const [quotient, twice] = [a / b, (a % b) * 2n]
  return twice > b || (twice === b && quotient % 2n === 1n) ? quotient + 1n : quotient
}
