import { pause } from './pause'

/** The longest that work with many small parts keeps the thread from other work. */
const MAX_TASK_MS = 8

/** Turns for the other work of this thread, between the parts of a longer one. */
export class Turns {
  #began = performance.now()

  /** To be awaited after each part: others have their turn if the last was long ago. */
  async give(): Promise<void> {
    if (performance.now() - this.#began <= MAX_TASK_MS) return
    await pause()
    this.#began = performance.now()
  }
}
