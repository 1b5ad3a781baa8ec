import type { BatchResponse } from '../api/batch-response'
import { withinQuota } from '../storage/storage-full'
import type { AnswerLog } from './answer-log'
import { MAKE_ROOM } from './job-files'

/** Rows that wait for the disk, at most, and how long the first of them does. */
const FLUSH_ROWS = 64
const FLUSH_MS = 500

/** Puts answers on disk, several at once, none of which waits long. */
export class AnswerKeeper {
  #flushed = performance.now()
  #timer: ReturnType<typeof setTimeout> | undefined

  constructor(
    readonly log: AnswerLog,
    /** The job's name in messages. */
    readonly name: string,
    readonly onKept: (segment: string) => Promise<void>,
  ) {}

  /** Keeps an answer, with the next that are written at once. @throws as `flush` */
  async add(response: BatchResponse): Promise<void> {
    this.log.add(response)
    const waited = performance.now() - this.#flushed
    if (this.log.numPending >= FLUSH_ROWS || waited >= FLUSH_MS) return this.flush()
    // for the last ones: as long as rows end, the next looks at the time
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined
      // what cannot be written now stays, and the next flush says why
      this.flush().catch(() => undefined)
    }, FLUSH_MS)
  }

  /** Puts on disk what was added. @throws StorageFull · the platform's error; what cannot be written stays for the next time */
  async flush(): Promise<void> {
    this.#flushed = performance.now()
    const advice = `${MAKE_ROOM} Then \`resume()\`: nothing is lost.`
    const segment = await withinQuota(this.name, this.log.flushBytes, this.log.flush(), advice)
    if (segment !== undefined) await this.onKept(segment)
  }

  close(): void {
    clearTimeout(this.#timer)
  }
}
