import { requestModel } from '../api/api-request'
import type { BatchResponse } from '../api/batch-response'
import { readLines } from '../api/lines'
import { CoppiceError, Disposed, InvalidRequest, StorageFull } from '../core/errors'
import { fromPlainError } from '../core/plain-error'
import type { Priority } from '../core/priority'
import type { Engine } from '../engine/interface'
import { withinQuota } from '../storage/storage-full'
import { AnswerLog } from './answer-log'
import { answerRows } from './answer-rows'
import { EffortClock, NO_EFFORT } from './effort-clock'
import { JobChannel, type JobMessage, type JobOrder, newsOf } from './job-channel'
import { type JobFiles, MAKE_ROOM, type Manifest, summarise } from './job-files'
import { jsonl } from './output'
import type { DurableProgress, Effort, JobState } from './progress'
import { namesIn, type RowNames, rowsOf } from './rows'
import { Signal } from './signal'

export interface WatchOptions {
  /** Called when answers are on disk, and when the state changes. */
  readonly onProgress?: (progress: DurableProgress) => void
}

export interface RunOptions extends WatchOptions {
  /** The class of the job's calls; default background. */
  readonly priority?: Priority
  /** Rows that are planned together, and in memory; default 4096. */
  readonly windowRows?: number
}

/** Rows that wait for the disk, at most, and how long the first of them does. */
const FLUSH_ROWS = 64
const FLUSH_MS = 500

/** A job of which each answer is kept as it comes. Made by `Jobs`. */
export class DurableJob {
  readonly id: string
  #state: JobState = 'running'
  #error: Error | undefined
  #isOwner = false
  /** Settled when this tab's hold on the job has ended. */
  #turn: Promise<unknown> = Promise.resolve()
  #effort: Effort = NO_EFFORT
  #wanted: 'run' | 'pause' | 'cancel' = 'run'
  /** Why a pause is wanted that nobody asked for. */
  #obstacle: Error | undefined
  /** Ends the stretch of work under way. */
  #stop = new AbortController()
  #names: RowNames | undefined
  #flushed = performance.now()
  #timer: ReturnType<typeof setTimeout> | undefined
  #clock: EffortClock | undefined
  readonly #changed = new Signal()
  readonly #closed = new AbortController()
  readonly #log: AnswerLog
  readonly #channel: JobChannel

  private constructor(
    readonly files: JobFiles,
    readonly manifest: Manifest,
    readonly engine: Engine | undefined,
    readonly options: Required<RunOptions>,
  ) {
    this.id = manifest.id
    this.#log = new AnswerLog(files.store, files.log)
    this.#channel = new JobChannel(files.lock, message => void this.#receive(message))
  }

  /** Opens a job that is there, with the answers that it has. */
  static async open(
    files: JobFiles,
    manifest: Manifest,
    engine: Engine | undefined,
    options: Required<RunOptions>,
  ): Promise<DurableJob> {
    const job = new DurableJob(files, manifest, engine, options)
    await job.#catchUp()
    return job
  }

  get state(): JobState {
    return this.#state
  }

  /** Why the job is paused or failed, if not because somebody asked. */
  get error(): Error | undefined {
    return this.#error
  }

  /** What was not whole of the kept answers, and which rows are computed again therefore. */
  get damage(): readonly string[] {
    return this.#log.damage
  }

  get progress(): DurableProgress {
    const { rows: total } = this.manifest.requests
    return { ...this.#effort, ...this.#log.counts, state: this.#state, isOwner: this.#isOwner, total }
  }

  /**
   * Answers in the order in which they came, those of before a reload first, each when it is on disk. Ends with the job;
   * waits while it is paused by somebody.
   * @throws why it failed, or is paused otherwise (StorageFull) · Disposed after `close`
   */
  async *results(): AsyncGenerator<BatchResponse, void, undefined> {
    for (let at = 0; ; ) {
      const { next } = this.#changed
      while (at < this.#log.answers.length) yield this.#log.read(this.#log.answers[at++])
      if (await this.#isOver()) return
      await next
    }
  }

  /** Resolves when all rows are answered, or the job is cancelled. @throws as `results` */
  async finished(): Promise<DurableProgress> {
    for (;;) {
      const { next } = this.#changed
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
    this.#stop.abort()
    this.#changed.notify()
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
    this.#turn = turn.catch(() => undefined)
  }

  /** Owns the job after somebody else. */
  async takeOver(): Promise<void> {
    await this.#catchUp()
    await this.own()
  }

  /** Takes in what owners have left. */
  async #catchUp(): Promise<void> {
    await this.#log.follow()
    const kept = await this.files.state()
    // answers that were damaged since are computed again
    if (this.#isComplete) this.#state = 'done'
    else this.#state = kept && kept.state !== 'done' ? kept.state : 'running'
    this.#wanted = kept?.state === 'paused' ? 'pause' : 'run'
    this.#error = undefined
  }

  /** Owns the job until it is over, failed or closed. Never rejects. */
  async own(): Promise<void> {
    this.#isOwner = true
    try {
      if (this.#state !== 'cancelled') await this.#work()
    } catch (error) {
      this.#set('failed', error)
    } finally {
      clearTimeout(this.#timer)
      this.#isOwner = false
      this.#changed.notify()
    }
  }

  async #work(): Promise<void> {
    while (!this.closed.aborted) {
      if (this.#wanted === 'cancel') return this.#keep('cancelled')
      if (this.#isComplete) return this.#keep('done')
      if (this.#wanted === 'pause') {
        // not for good where somebody did not ask for it: there may be room after a reload
        if (this.#obstacle) this.#set('paused', this.#obstacle)
        else await this.#keep('paused')
        while (this.#wanted === 'pause' && !this.closed.aborted) await this.#changed.next
        continue
      }
      if (!this.engine) return
      this.#stop = new AbortController()
      try {
        // what waits since storage was full
        await this.#flush()
        this.#set('running')
        await this.files.saveState(undefined)
        await this.#answer(this.engine)
      } catch (error) {
        if (error instanceof StorageFull) this.#pauseFor(error)
        else if (!this.#stop.signal.aborted) {
          await this.#flush().catch(() => undefined)
          throw error
        }
      }
      // what came before the stop is kept too
      await this.#flush().catch(error => this.#pauseFor(error))
    }
  }

  /** Answers what is unanswered. */
  async #answer(engine: Engine): Promise<void> {
    const { signal } = this.#stop
    const { requests, settings } = this.manifest
    const lines = () => readLines(this.files.input(requests))
    if (!this.#names) {
      const { sha256 } = await summarise(lines())
      if (sha256 !== requests.sha256) throw this.files.damaged('its requests are damaged')
      this.#names = await namesIn(lines())
    }
    this.#clock = await EffortClock.start(engine, this.#effort, { ...this.#log.counts })
    const isWanted = (line: number) => {
      signal.throwIfAborted()
      return !this.#log.has(line)
    }
    await answerRows(engine, rowsOf(lines(), this.#names, requestModel(engine), isWanted), {
      ...this.options,
      model: settings.model,
      maxTokens: settings.maxTokens,
      signal,
      keep: response => this.#add(response),
    })
  }

  /** Keeps an answer, with the next that are written at once. */
  async #add(response: BatchResponse): Promise<void> {
    this.#log.add(createdAt(response, this.manifest.createdAt))
    const waited = performance.now() - this.#flushed
    if (this.#log.numPending >= FLUSH_ROWS || waited >= FLUSH_MS) return this.#flush()
    // for the last ones: as long as rows end, the next looks at the time
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined
      this.#flush().catch(error => this.#pauseFor(error))
    }, FLUSH_MS)
  }

  /** @throws StorageFull */
  async #flush(): Promise<void> {
    this.#flushed = performance.now()
    const name = `The job ${JSON.stringify(this.id)}`
    const segment = await withinQuota(
      name,
      this.#log.flushBytes,
      this.#log.flush(),
      `${MAKE_ROOM} Then \`resume()\`: nothing is lost.`,
    )
    if (segment === undefined) return
    // an engine that is gone tells nothing, and is noticed elsewhere
    const effort = this.#clock?.read(this.#log.counts, this.manifest.requests.rows).catch(() => undefined)
    this.#effort = (await effort) ?? this.#effort
    this.#tell(segment)
  }

  #pauseFor(error: Error): void {
    this.#obstacle = error
    this.#wanted = 'pause'
    this.#stop.abort(error)
  }

  get #isComplete(): boolean {
    return this.#log.answers.length >= this.manifest.requests.rows
  }

  /** Whether nothing comes any more. @throws as `results` */
  async #isOver(): Promise<boolean> {
    // so that it can be opened or deleted at once
    if (this.#is('done', 'cancelled', 'failed')) await this.#turn
    if (this.#is('done', 'cancelled')) return true
    if (this.#error) throw this.#error
    if (this.closed.aborted) {
      throw new Disposed(`The job ${JSON.stringify(this.id)} was closed here. Open it again to go on.`)
    }
    return false
  }

  async #order(order: JobOrder, wanted: JobState): Promise<void> {
    const name = `The job ${JSON.stringify(this.id)}`
    if (this.closed.aborted) throw new Disposed(`${name} was closed here.`)
    if (this.#state === wanted && !this.#error) return
    if (this.#is('done', 'cancelled', 'failed')) {
      const advice = this.#state === 'failed' ? ' Open it again, with an engine that works.' : ''
      throw new InvalidRequest(`${name} is ${this.#state}: it cannot ${order}.${advice}`)
    }
    this.#error = undefined
    let isObeyed = false
    for (let isPosted = false; ; isPosted = true) {
      const { next } = this.#changed
      // the owner may go before it hears of it, and this tab take over
      if (this.#isOwner && !isObeyed) {
        isObeyed = true
        this.#obey(order)
      } else if (!isPosted) this.#channel.post({ type: 'order', order })
      if (this.#error) throw this.#error
      if (this.closed.aborted) return
      if (this.#is('done', 'cancelled')) return this.#turn.then(() => undefined)
      if (this.#is(wanted)) return
      await next
    }
  }

  #is(...states: readonly JobState[]): boolean {
    return states.includes(this.#state)
  }

  #obey(order: JobOrder): void {
    this.#wanted = order === 'resume' ? 'run' : order
    this.#error = undefined
    this.#obstacle = undefined
    if (order !== 'resume') this.#stop.abort()
    this.#changed.notify()
  }

  async #keep(state: 'paused' | 'done' | 'cancelled'): Promise<void> {
    const { done: answered, failed } = this.#log.counts
    await this.files.saveState({ state, answered, failed }).catch(error => {
      // what a full disk does not take, the next owner finds out otherwise
      if (!(error instanceof StorageFull)) throw error
    })
    this.#set(state)
  }

  #set(state: JobState, error?: unknown): void {
    this.#state = state
    this.#error = error === undefined ? undefined : error instanceof Error ? error : new CoppiceError(String(error))
    this.#tell()
  }

  /** Everybody is told that something is new. */
  #tell(segment?: string): void {
    if (!this.closed.aborted) {
      this.#channel.post({ type: 'news', segment, news: newsOf(this.#state, this.#error, this.#effort) })
      this.options.onProgress(this.progress)
    }
    this.#changed.notify()
  }

  async #receive(message: JobMessage): Promise<void> {
    if (this.closed.aborted) return
    if (message.type === 'order') {
      if (this.#isOwner) this.#obey(message.order)
    } else if (message.type === 'hello') {
      if (this.#isOwner) this.#tell()
    } else if (!this.#isOwner) {
      const { state, error, effort } = message.news
      if (message.segment !== undefined) await this.#log.follow(message.segment)
      this.#state = state
      this.#error = error && fromPlainError(error)
      this.#effort = effort
      if (state === 'paused') this.#wanted = 'pause'
      this.options.onProgress(this.progress)
      this.#changed.notify()
    }
  }
}

/** An answer with the job's time as its own, so that it does not depend on when it was computed. */
function createdAt(response: BatchResponse, ms: number): BatchResponse {
  const { response: answer } = response
  if (!answer) return response
  return { ...response, response: { ...answer, body: { ...answer.body, created: Math.floor(ms / 1000) } } }
}
