import { requestModel } from '../api/api-request'
import { readLines } from '../api/lines'
import { StorageFull } from '../core/errors'
import type { Engine } from '../engine/interface'
import { AnswerKeeper } from './answer-keeper'
import type { AnswerLog } from './answer-log'
import { answerRows } from './answer-rows'
import { EffortClock } from './effort-clock'
import type { JobOrder } from './job-channel'
import { type JobFiles, type Manifest, summarise } from './job-files'
import type { JobStatus } from './job-status'
import type { JobState } from './progress'
import { namesIn, type RowNames, rowsOf } from './rows'
import type { RunOptions } from './run-options'

/** The job that an owner works on. */
export interface OwnedJob {
  readonly files: JobFiles
  readonly manifest: Manifest
  readonly options: Required<RunOptions>
  readonly log: AnswerLog
  readonly status: JobStatus
  /** Aborted when this tab lets go of the job. */
  readonly closed: AbortSignal
  /** Tells everybody that something is new. `segment`: of the log. */
  readonly tell: (segment?: string) => void
}

/** Answers what is unanswered of a job, as the one in all tabs that does, and obeys orders. */
export class JobOwner {
  #wanted: 'run' | 'pause' | 'cancel'
  /** The reason of a pause that nobody asked for. */
  #obstacle: StorageFull | undefined
  /** Ends the stretch of work under way. */
  #stop = new AbortController()
  #names: RowNames | undefined
  #clock: EffortClock | undefined
  readonly #keeper: AnswerKeeper

  constructor(
    readonly job: OwnedJob,
    readonly engine: Engine,
  ) {
    const { log, manifest, status } = job
    this.#wanted = status.is('paused') ? 'pause' : 'run'
    this.#keeper = new AnswerKeeper(log, `The job ${JSON.stringify(manifest.id)}`, async segment => {
      // an engine that is gone tells nothing, and is noticed elsewhere
      status.effort =
        (await this.#clock?.read(log.counts, manifest.requests.rows).catch(() => undefined)) ?? status.effort
      job.tell(segment)
    })
  }

  /** Works until the job is over, failed or closed. Never rejects. */
  async run(): Promise<void> {
    try {
      if (!this.job.status.is('cancelled')) await this.#work()
    } catch (error) {
      this.#set('failed', error)
    } finally {
      this.#keeper.close()
    }
  }

  obey(order: JobOrder): void {
    this.#wanted = order === 'resume' ? 'run' : order
    this.#obstacle = undefined
    this.job.status.error = undefined
    if (order !== 'resume') this.stop()
    this.job.status.changed.notify()
  }

  /** Ends the stretch of work under way; what was answered is kept. */
  stop(): void {
    this.#stop.abort()
  }

  async #work(): Promise<void> {
    const { log, manifest, closed } = this.job
    while (!closed.aborted) {
      if (this.#wanted === 'cancel') return this.#keep('cancelled')
      if (log.answers.length >= manifest.requests.rows) return this.#keep('done')
      if (this.#wanted === 'pause') await this.#rest()
      else await this.#stretch()
    }
  }

  /** Waits while the job is paused. */
  async #rest(): Promise<void> {
    const { status, closed } = this.job
    const obstacle = this.#obstacle
    // not for good where nobody asked for it: there may be room after a reload
    if (obstacle) this.#set('paused', obstacle)
    else await this.#keep('paused')
    while (this.#wanted === 'pause' && this.#obstacle === obstacle && !closed.aborted) await status.changed.next
  }

  /** Answers rows until none is left, somebody stops it, or there is no room. @throws what else hinders it */
  async #stretch(): Promise<void> {
    this.#stop = new AbortController()
    const { signal } = this.#stop
    let failure: unknown
    try {
      // what waits since storage was full
      await this.#keeper.flush()
      this.#set('running')
      await this.job.files.saveState(undefined)
      await this.#answer(signal)
    } catch (error) {
      if (!signal.aborted) failure = error
    }
    // what came before the stop is kept too
    await this.#keeper.flush().catch(error => {
      failure ??= error
    })
    if (failure instanceof StorageFull) {
      this.#obstacle = failure
      this.#wanted = 'pause'
    } else if (failure !== undefined) throw failure
  }

  async #answer(signal: AbortSignal): Promise<void> {
    const { files, manifest, options, log, status } = this.job
    const { requests, settings, createdAt } = manifest
    const lines = () => readLines(files.input(requests))
    if (!this.#names) {
      const { sha256 } = await summarise(lines())
      if (sha256 !== requests.sha256) throw files.damaged('its requests are damaged')
      this.#names = await namesIn(lines())
    }
    this.#clock = await EffortClock.start(this.engine, status.effort, { ...log.counts })
    const isWanted = (line: number) => {
      signal.throwIfAborted()
      return !log.has(line)
    }
    const rows = rowsOf(lines(), this.#names, requestModel(this.engine), isWanted)
    const { model, maxTokens } = settings
    const keep = this.#keeper.add.bind(this.#keeper)
    await answerRows(this.engine, rows, { ...options, model, maxTokens, createdAt, signal, keep })
  }

  async #keep(state: 'paused' | 'done' | 'cancelled'): Promise<void> {
    await this.job.files.saveState({ state }).catch(error => {
      // what a full disk does not take, the next owner finds out otherwise
      if (!(error instanceof StorageFull)) throw error
    })
    this.#set(state)
  }

  #set(state: JobState, error?: unknown): void {
    this.job.status.set(state, error)
    this.job.tell()
  }
}
