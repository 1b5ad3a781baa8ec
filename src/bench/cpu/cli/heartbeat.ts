import { setImmediate as pause } from 'node:timers/promises'

/** Beats as often as this thread's other work lets it: the longest time between two beats is that of the longest task. */
export class Heartbeat {
  longestMs = 0
  readonly #now: () => number
  #isBeating = true
  readonly #beats: Promise<void>

  /** `now`: in milliseconds; default: the time. */
  constructor(now = () => performance.now()) {
    this.#now = now
    this.#beats = this.#beat()
  }

  /** Milliseconds of the longest task since it began. */
  async stop(): Promise<number> {
    this.#isBeating = false
    await this.#beats
    return this.longestMs
  }

  async #beat(): Promise<void> {
    let last = this.#now()
    while (this.#isBeating) {
      await pause()
      const now = this.#now()
      this.longestMs = Math.max(this.longestMs, now - last)
      last = now
    }
  }
}
