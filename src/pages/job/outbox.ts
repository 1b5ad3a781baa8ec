import type { BatchResponse, JobProgress } from '../../batch'

type Answer =
  | { readonly key: string; readonly response: BatchResponse }
  | { readonly key: string; readonly line: number }

/** Answers in one post, at most: enough that posts are few, and little enough that none is large. */
const MAX_ANSWERS = 256

/** Brings answers to the terminal: those that come while some are on their way go with the next post. */
export class Outbox {
  #waiting: Answer[] = []
  #progress: JobProgress | undefined
  #sending: Promise<void> = Promise.resolve()
  #isSending = false

  constructor(
    readonly url: string,
    /** Called once when the terminal does not take them. */
    readonly onFailed: (error: unknown) => void,
  ) {}

  put(answer: Answer): void {
    this.#waiting.push(answer)
    if (this.#isSending) return
    this.#isSending = true
    this.#sending = this.#sendAll().catch(this.onFailed)
  }

  report(progress: JobProgress): void {
    this.#progress = progress
  }

  /** Resolves when all are there. */
  get empty(): Promise<void> {
    return this.#sending
  }

  async #sendAll(): Promise<void> {
    // what the caller does in this turn goes with it
    await Promise.resolve()
    while (this.#waiting.length > 0) {
      const answers = this.#waiting.splice(0, MAX_ANSWERS)
      const body = JSON.stringify({ answers, progress: this.#progress })
      const { ok, status } = await fetch(this.url, { method: 'POST', body })
      if (!ok) throw new Error(`the terminal refuses answers with ${status}`)
    }
    this.#isSending = false
  }
}
