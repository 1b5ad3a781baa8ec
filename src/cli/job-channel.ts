import { randomUUID } from 'node:crypto'
import { createReadStream } from 'node:fs'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { text } from 'node:stream/consumers'
import { pipeline } from 'node:stream/promises'
import type { JobProgress } from '../batch'
import type { Answer } from './answer-file'
import type { JobEvents, JobInput } from './job-runtime'

/** A page's message: answers since the last time, and how far it is. */
interface Post {
  readonly answers: readonly Answer[]
  readonly progress: JobProgress | undefined
}

/**
 * How a page gets a job's lines and gives its answers: by HTTP, which has them in portions and waits for who is slow. One
 * message of the browser's protocol would hold them all, and a hundred megabytes end the page.
 */
export class JobChannel {
  /** Under which the page finds it; nobody else can guess it. */
  readonly path = `/job-${randomUUID()}/`
  /** Rejects when an answer cannot be kept. */
  readonly failed: Promise<never>
  #fail!: (error: unknown) => void

  constructor(
    readonly input: JobInput,
    readonly events: JobEvents,
  ) {
    this.failed = new Promise((_, reject) => {
      this.#fail = reject
    })
    // who waits for nothing else may not wait for this either
    this.failed.catch(() => undefined)
  }

  /** Answers a request to the channel; false if it is to something else. */
  handle(request: IncomingMessage, response: ServerResponse): boolean {
    if (!request.url?.startsWith(this.path)) return false
    response.setHeader('cache-control', 'no-store')
    switch (request.url.slice(this.path.length)) {
      case 'answered':
        response.end(JSON.stringify([...this.input.answered]))
        return true
      case 'lines':
        // a page that is gone breaks it off; one that gets less than all of them fails
        pipeline(createReadStream(this.input.path), response).catch(() => response.destroy())
        return true
      case 'answers':
        void this.#keep(request, response)
        return true
      default:
        return false
    }
  }

  async #keep(request: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      const { answers, progress }: Post = JSON.parse(await text(request))
      for (const answer of answers) this.events.onAnswer(answer)
      if (progress) this.events.onProgress(progress)
      response.writeHead(204).end()
    } catch (error) {
      this.#fail(error)
      response.writeHead(500).end()
    }
  }
}
