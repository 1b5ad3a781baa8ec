import { pause } from '../core/pause'

/** Values that are handed out one after the other until others have their turn. */
const TASK_VALUES = 64

/** Values on their way from a producer that does not wait to one consumer that does. */
export class AsyncQueue<T> implements AsyncIterable<T> {
  #values: T[] = []
  #ended: { readonly failure?: { readonly error: unknown } } | undefined
  #wake: (() => void) | undefined

  push(value: T): void {
    this.#values.push(value)
    this.#wake?.()
  }

  /** No more values will come. The consumer gets those that did first, then the error, if any. */
  end(failure?: { readonly error: unknown }): void {
    this.#ended ??= { failure }
    this.#wake?.()
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<T, void, undefined> {
    for (;;) {
      while (this.#values.length > 0) {
        for (const [index, value] of this.#takeAll().entries()) {
          yield value
          // thousands that have piled up would be read in one task
          if (index % TASK_VALUES === TASK_VALUES - 1) await pause()
        }
      }
      if (this.#ended?.failure) throw this.#ended.failure.error
      if (this.#ended) return
      await new Promise<void>(resolve => {
        this.#wake = resolve
      })
    }
  }

  #takeAll(): T[] {
    const values = this.#values
    this.#values = []
    return values
  }
}
