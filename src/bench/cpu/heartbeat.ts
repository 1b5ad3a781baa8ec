/** Beats as often as this thread's other work lets it: the longest time between two beats is that of the longest task. */
export class Heartbeat {
  #longestMs = 0
  #isBeating = true
  readonly #beats: Promise<void>

  /** @param turn lets others have their turn · @param now in milliseconds */
  constructor(turn: () => Promise<void>, now: () => number) {
    this.#beats = this.#beat(turn, now)
  }

  /** Milliseconds of the longest task since it began. */
  async stop(): Promise<number> {
    this.#isBeating = false
    await this.#beats
    return this.#longestMs
  }

  async #beat(turn: () => Promise<void>, now: () => number): Promise<void> {
    let last = now()
    while (this.#isBeating) {
      await turn()
      const next = now()
      this.#longestMs = Math.max(this.#longestMs, next - last)
      last = next
    }
  }
}
