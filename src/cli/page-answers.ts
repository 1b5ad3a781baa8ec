import type { Page } from 'playwright-core'
import { Deferred } from '../core/deferred'

export interface AnswerHead {
  readonly status: number
  readonly headers: [string, string][]
}

/** An answer that a page is giving. */
interface Answer {
  onHead(head: AnswerHead): void
  /** Resolves when there is room for more; rejects when nobody wants it any more. */
  onPiece(text: string): Promise<void>
}

/** Requests that a page answers: their bodies are texts, and their answers come piece by piece, no faster than they are read. */
export class PageAnswers {
  readonly #answers = new Map<number, Answer>()
  #numRequests = 0

  constructor(readonly page: Page) {}

  /** Before the page's own scripts run. */
  async expose(): Promise<void> {
    await this.page.exposeFunction('onHead', (id: number, head: AnswerHead) => this.#answers.get(id)?.onHead(head))
    await this.page.exposeFunction('onPiece', (id: number, text: string) => this.#answers.get(id)?.onPiece(text))
  }

  async answer(request: Request): Promise<Response> {
    const id = this.#numRequests++
    const { method, url, signal } = request
    const body = await request.text()
    const head = new Deferred<Response>()
    const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>()
    const writer = writable.getWriter()
    const encoder = new TextEncoder()
    this.#answers.set(id, {
      onHead: init => head.resolve(new Response(readable, init)),
      onPiece: text => writer.write(encoder.encode(text)),
    })
    // a page that is gone has nothing left to stop
    const leave = () => this.page.evaluate(left => window.leaveRequest(left), id).catch(() => undefined)
    signal.addEventListener('abort', leave)
    writer.closed.catch(leave)
    this.page
      .evaluate(asked => window.answerRequest(asked), { id, method, url, body })
      .then(
        () => writer.close(),
        (error: unknown) => {
          head.reject(error)
          return writer.abort(error)
        },
      )
      // whoever asked is gone
      .catch(() => undefined)
      .finally(() => {
        this.#answers.delete(id)
        signal.removeEventListener('abort', leave)
      })
    return head.promise
  }
}
