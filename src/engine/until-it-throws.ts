/** A caller's function, as far as it goes: what it throws is the caller's, later, and it is not called again. */
export function untilItThrows<Args extends unknown[]>(
  callback: (...args: Args) => void,
  onError: (error: unknown) => void,
): (...args: Args) => void {
  let hasThrown = false
  return (...args) => {
    if (hasThrown) return
    try {
      callback(...args)
    } catch (error) {
      hasThrown = true
      queueMicrotask(() => onError(error))
    }
  }
}
