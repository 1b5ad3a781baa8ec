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
      while (this.#values.length > 0) yield* this.#takeAll()
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
