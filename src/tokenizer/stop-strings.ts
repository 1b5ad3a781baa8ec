import { InvalidRequest } from '../core/errors'

export interface StopResult {
  /** Text that is certainly before any stop string. */
  readonly emit: string
  /** Whether a stop string has come; nothing from its beginning on is emitted. */
  readonly stopped: boolean
}

/**
 * Ends a text at the first stop string to become complete (of several that end together, the longest), wherever the
 * boundaries of the pieces lie: the same text in other pieces ends at the same place.
 */
export class StopStrings {
  /** The end of the text so far that could be the beginning of a stop string. */
  #held = ''

  constructor(readonly stops: readonly string[]) {
    if (stops.includes('')) throw new InvalidRequest('A stop string is empty; it would end every text at once.')
  }

  push(text: string): StopResult {
    const buffer = this.#held + text
    const cut = this.#firstMatch(buffer)
    if (cut !== undefined) {
      this.#held = ''
      return { emit: buffer.slice(0, cut), stopped: true }
    }
    const emitLen = buffer.length - this.#numHeld(buffer)
    this.#held = buffer.slice(emitLen)
    return { emit: buffer.slice(0, emitLen), stopped: false }
  }

  /** The text that was held back, when no more will come. */
  flush(): string {
    const text = this.#held
    this.#held = ''
    return text
  }

  /** The place where the first stop string to become complete begins. */
  #firstMatch(buffer: string): number | undefined {
    let begin: number | undefined
    let end = Number.POSITIVE_INFINITY
    for (const stop of this.stops) {
      const index = buffer.indexOf(stop)
      if (index < 0) continue
      const stopEnd = index + stop.length
      if (stopEnd < end || (stopEnd === end && index < (begin ?? 0))) [begin, end] = [index, stopEnd]
    }
    return begin
  }

  /** Length of the longest end of `buffer` with which some stop string begins. */
  #numHeld(buffer: string): number {
    const longest = Math.max(0, ...this.stops.map(stop => stop.length - 1))
    for (let length = Math.min(longest, buffer.length); length > 0; length--) {
      const tail = buffer.slice(-length)
      if (this.stops.some(stop => stop.startsWith(tail))) return length
    }
    return 0
  }
}
