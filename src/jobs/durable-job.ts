import type { BatchResponse } from '../api/batch-response'
import { Disposed, InvalidRequest } from '../core/errors'
import { fromPlainError } from '../core/plain-error'
import { Turns } from '../core/turns'
import type { Engine } from '../engine/interface'
import { AnswerLog } from './answer-log'
import { JobChannel, type JobMessage, type JobOrder, newsOf } from './job-channel'
import type { JobFiles, Manifest } from './job-files'
import { JobOwner } from './job-owner'
import { JobStatus } from './job-status'
import { jsonl } from './output'
import type { DurableProgress, JobState } from './progress'
import type { RunOptions } from './run-options'

/** A job of which each answer is kept as it comes, in this tab or another. Made by `Jobs`. */
export class DurableJob {
  readonly id: string
  readonly #status = new JobStatus()
  #owner: JobOwner | undefined
  /** Whether it is this tab's, which then hears no more of the one before. */
  #isOwner = false
  /** Settled when this tab's hold on the job has ended. */
  #turn: Promise<unknown> = Promise.resolve()
  /** The messages so far: each is taken in after the one before. */
  #receiving: Promise<void> = Promise.resolve()
  readonly #closed = new AbortController()
  readonly #log: AnswerLog
  readonly #channel: JobChannel

  private constructor(
    readonly files: JobFiles,
    readonly manifest: Manifest,
    readonly options: Required<RunOptions>,
  ) {
    this.id = manifest.id
    this.#log = new AnswerLog(files.store, files.log)
    this.#channel = new JobChannel(files.lock, message => {
      this.#receiving = this.#receiving.then(() => this.#receive(message)).catch(error => this.#fail(error))
    })
  }

  /** Opens a job that is there, with the answers that it has. */
  static async open(files: JobFiles, manifest: Manifest, options: Required<RunOptions>): Promise<DurableJob> {
    const job = new DurableJob(files, manifest, options)
    await job.#catchUp()
    return job
  }

  get state(): JobState {
    return this.#status.state
  }

  /** The reason why the job is paused or failed, if nobody asked for that. */
  get error(): Error | undefined {
    return this.#status.error
  }

  /** Damage to kept answers, in words: where, and which row is computed again. */
  get damage(): readonly string[] {
    return this.#log.damage
  }

  get progress(): DurableProgress {
    const { state, effort } = this.#status
    const { rows: total } = this.manifest.requests
    return { ...effort, ...this.#log.counts, state, isOwner: this.#isOwner, total }
  }

  /**
   * Answers in the order in which they came, those of before a reload first, each when it is on disk. Ends with the job;
   * waits while it is paused by somebody.
   * @throws why it failed, or is paused otherwise (StorageFull) · Disposed after `close`
   */
  async *results(): AsyncGenerator<BatchResponse, void, undefined> {
    const turns = new Turns()
    for (let at = 0; ; ) {
      const { next } = this.#status.changed
      for (; at < this.#log.answers.length; await turns.give()) yield this.#log.read(this.#log.answers[at++])
      if (await this.#isOver()) return
      await next
    }
  }

  /** Resolves when all rows are answered, or the job is cancelled. @throws as `results` */
  async finished(): Promise<DurableProgress> {
    for (;;) {
      const { next } = this.#status.changed
      if (await this.#isOver()) return this.progress
      await next
    }
  }

  /** The answers so far as JSONL in the order of the requests, without those that failed: OpenAI's output file. */
  output(): ReadableStream<Uint8Array<ArrayBuffer>> {
    return jsonl(this.#log, ({ isFailed }) => !isFailed)
  }

  /** The requests that failed so far, likewise: OpenAI's error file. */
  errors(): ReadableStream<Uint8Array<ArrayBuffer>> {
    return jsonl(this.#log, ({ isFailed }) => isFailed)
  }

  /** Stops computing, in whichever tab that is. Resolves when all that was answered is on disk; a job stays paused after a reload. */
  pause(): Promise<void> {
    return this.#order('pause', 'paused')
  }

  /** Goes on after `pause`, or when there is room in storage again. */
  resume(): Promise<void> {
    return this.#order('resume', 'running')
  }

  /** Ends the job as it is: what was answered stays, and nothing is computed any more. */
  cancel(): Promise<void> {
    return this.#order('cancel', 'cancelled')
  }

  /** Lets go of the job: it can be opened again, and a tab that watches takes over. Resolves when all that was answered is on disk. */
  async close(): Promise<void> {
    this.#closed.abort()
    this.#owner?.stop()
    this.#status.changed.notify()
    await this.#turn
    this.#channel.close()
  }

  /** The signal of `close`. */
  get closed(): AbortSignal {
    return this.#closed.signal
  }

  /** Watches what the owner does. */
  watch(): void {
    this.#channel.post({ type: 'hello' })
  }

  /** `turn`: settled when this tab's hold on the job has ended, or its wait for that. */
  holdFor(turn: Promise<unknown>): void {
    this.#turn = turn.catch(error => this.#fail(error))
  }

  /** Owns the job after somebody else. */
  async takeOver(engine: Engine): Promise<void> {
    this.#isOwner = true
    await this.#catchUp()
    await this.own(engine)
  }

  /** Owns the job until it is over, failed or closed. Never rejects. */
  async own(engine: Engine): Promise<void> {
    const [log, status, closed] = [this.#log, this.#status, this.closed]
    const { files, manifest, options } = this
    const tell = (segment?: string) => this.#tell(segment)
    this.#isOwner = true
    this.#owner = new JobOwner({ files, manifest, options, log, status, closed, tell }, engine)
    await this.#owner.run()
    this.#owner = undefined
    this.#isOwner = false
    status.changed.notify()
  }

  /** Takes in what owners have left. */
  async #catchUp(): Promise<void> {
    await this.#log.follow()
    const kept = await this.files.state()
    // answers that were damaged since are computed again
    if (this.#log.answers.length >= this.manifest.requests.rows) this.#status.set('done')
    else this.#status.set(kept && kept.state !== 'done' ? kept.state : 'running')
  }

  /** Whether nothing comes any more. @throws as `results` */
  async #isOver(): Promise<boolean> {
    const { state, error } = this.#status
    // so that it can be opened or deleted at once
    if (this.#status.is('done', 'cancelled', 'failed')) await this.#turn
    if (state === 'done' || state === 'cancelled') return true
    if (error) throw error
    if (this.closed.aborted) {
      throw new Disposed(`The job ${JSON.stringify(this.id)} was closed here. Open it again to go on.`)
    }
    return false
  }

  /** Resolves when the job is in the state that the order is for. */
  async #order(order: JobOrder, wanted: JobState): Promise<void> {
    const status = this.#status
    const name = `The job ${JSON.stringify(this.id)}`
    if (this.closed.aborted) throw new Disposed(`${name} was closed here.`)
    if (status.is(wanted) && !status.error) return
    if (status.is('done', 'cancelled', 'failed')) {
      const advice = status.is('failed') ? ' Open it again, with an engine that works.' : ''
      throw new InvalidRequest(`${name} is ${status.state}: it cannot ${order}.${advice}`)
    }
    status.error = undefined
    let isObeyed = false
    for (let isPosted = false; ; isPosted = true) {
      // the owner may go before it hears of it, and this tab take over
      if (this.#owner && !isObeyed) {
        isObeyed = true
        this.#owner.obey(order)
      } else if (!isPosted) this.#channel.post({ type: 'order', order })
      await status.changed.next
      if (status.error) throw status.error
      if (this.closed.aborted) return
      if (status.is('done', 'cancelled')) return void (await this.#turn)
      if (status.is(wanted)) return
    }
  }

  /** Everybody is told that something is new. */
  #tell(segment?: string): void {
    if (!this.closed.aborted) {
      const { state, error, effort } = this.#status
      this.#channel.post({ type: 'news', segment, news: newsOf(state, error, effort) })
      this.options.onProgress(this.progress)
    }
    this.#status.changed.notify()
  }

  async #receive(message: JobMessage): Promise<void> {
    if (message.type === 'order') return this.#owner?.obey(message.order)
    if (message.type === 'hello') return this.#owner && this.#tell()
    const { segment, news } = message
    if (segment !== undefined && !this.#isOwner) await this.#log.follow(segment)
    if (this.#isOwner || this.closed.aborted) return
    this.#status.set(news.state, news.error && fromPlainError(news.error))
    this.#status.effort = news.effort
    this.options.onProgress(this.progress)
    this.#status.changed.notify()
  }

  /** Ends the watching, if that cannot go on. */
  #fail(error: unknown): void {
    if (this.closed.aborted) return
    this.#status.set('failed', error)
    this.#status.changed.notify()
  }
}
