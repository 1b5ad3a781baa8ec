import { Deferred } from '../core/deferred'

/** Something that happens again and again, for those who wait for the next time. */
export class Signal {
  #next = new Deferred<void>()

  /** Resolves when it happens next. */
  get next(): Promise<void> {
    return this.#next.promise
  }

  notify(): void {
    const { resolve } = this.#next
    this.#next = new Deferred()
    resolve()
  }
}
