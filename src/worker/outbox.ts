import { toPlainError } from '../core/plain-error'
import type { GenerationResult } from '../engine/generation'
import { type CallMessage, MAX_UNHEARD, MAX_UNREAD } from './protocol'

/**
 * A call's texts and results on their way to the page, no faster than it takes them: results that it does not read wait here, and
 * the pieces of a text that it has no time for become one piece.
 */
export class Outbox {
  readonly #call: number
  readonly #post: (message: CallMessage) => void
  /** [prompts with unsent text] The text of each, by its index in the call. */
  readonly #texts = new Map<number, string>()
  #numUnheard = 0
  #numUnread = 0
  #isClosed = false
  #wake: (() => void) | undefined

  constructor(call: number, post: (message: CallMessage) => void) {
    this.#call = call
    this.#post = post
  }

  /** A text has grown. */
  say(piece: string, index: number): void {
    const before = this.#texts.get(index)
    // all pieces of a step make one message
    if (this.#texts.size === 0) queueMicrotask(() => this.#sayIfHeard())
    this.#texts.set(index, before === undefined ? piece : before + piece)
  }

  heard(): void {
    this.#numUnheard -= 1
    this.#sayIfHeard()
  }

  read(count: number): void {
    this.#numUnread -= count
    this.#wake?.()
  }

  /** Nobody listens any more: nothing is sent. */
  close(): void {
    this.#isClosed = true
    this.#wake?.()
  }

  /** Sends a result, after all text, once the page has room for it. */
  async send(result: GenerationResult): Promise<void> {
    while (this.#numUnread >= MAX_UNREAD && !this.#isClosed) {
      await new Promise<void>(resolve => {
        this.#wake = resolve
      })
    }
    if (this.#isClosed) return
    this.#numUnread += 1
    this.#sayAll()
    const plain = { ...result, error: result.error && toPlainError(result.error) }
    this.#post({ type: 'result', call: this.#call, result: plain })
  }

  #sayIfHeard(): void {
    if (this.#numUnheard < MAX_UNHEARD) this.#sayAll()
  }

  #sayAll(): void {
    if (this.#texts.size === 0 || this.#isClosed) return
    this.#numUnheard += 1
    this.#post({ type: 'texts', call: this.#call, texts: [...this.#texts] })
    this.#texts.clear()
  }
}
