import { pause } from './pause'

/** Something to compute that can be interrupted: it yields wherever that may be, often, and returns what it came to. */
export type Work<T> = Generator<undefined, T, undefined>

/** The part of a frame's 16 ms that work may take before others have their turn. */
const SLICE_MS = 8

/** Does all of it in one go. */
export function atOnce<T>(work: Work<T>): T {
  for (;;) {
    const { done, value } = work.next()
    if (done) return value
  }
}

/**
 * Does the work in slices, the first before this returns, with turns of this thread's other work between them.
 * `goOn` is called after each of those, to throw what shall end the work.
 */
export async function inSlices<T>(work: Work<T>, goOn?: () => void): Promise<T> {
  for (;;) {
    const end = performance.now() + SLICE_MS
    do {
      const { done, value } = work.next()
      if (done) return value
    } while (performance.now() < end)
    await pause()
    goOn?.()
  }
}
