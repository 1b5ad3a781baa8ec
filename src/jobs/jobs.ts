import { Deferred } from '../core/deferred'
import { InvalidRequest } from '../core/errors'
import type { Engine } from '../engine/interface'
import { samplingParams } from '../engine/sampling-params'
import { withFreeLock, withLock } from '../storage/lock'
import { openStore } from '../storage/open-store'
import type { Store } from '../storage/store'
import { DurableJob } from './durable-job'
import { JobFiles, type JobSettings, type KeptState, type Manifest, sizesOfJobs, summarise } from './job-files'
import { takeLockFile } from './lock-file'
import { type JobRequests, linesOf } from './requests'
import { checkNames, type RunOptions, runOptions } from './run-options'

export interface JobsOptions {
  /**
   * Where jobs are kept. `true`, the default in a page: the origin's private file system; a text, in Node, Deno and Bun: a folder;
   * or a store of your own.
   */
  readonly storage?: true | string | Store
}

export interface StartOptions extends RunOptions {
  /** The name under which it is opened again. Default: a new one. */
  readonly id?: string
  /** For requests that do not say how many tokens they want; default 256. */
  readonly maxTokens?: number
}

/** A job that is kept. */
export type JobEntry = KeptJob | DamagedJob

export interface KeptJob {
  readonly id: string
  readonly model: string
  readonly createdAt: Date
  readonly rows: number
  /** Everything of it in storage. */
  readonly bytes: number
  /** `unfinished`: it goes on when it is opened, or in another tab meanwhile. */
  readonly state: 'unfinished' | KeptState['state']
}

/** A job of which it cannot be said what it is. It can be deleted. */
export interface DamagedJob {
  readonly id: string
  readonly bytes: number
  readonly state: 'damaged'
}

/** Jobs that outlive the page. */
export interface Jobs {
  /**
   * Keeps the requests and begins to answer them. Resolves when they are kept: from then on the job survives whatever happens.
   * @throws InvalidRequest for an id that there is, requests that are none, unknown options · StorageFull, and nothing is kept
   */
  start(requests: JobRequests, options?: StartOptions): Promise<DurableJob>
  /**
   * Goes on with a job, or watches another tab that does, until that closes.
   * @throws InvalidRequest if there is no such job, or it is another model's
   */
  open(id: string, options?: RunOptions): Promise<DurableJob>
  /** All jobs that are kept, oldest first; those that are damaged come last. */
  list(): Promise<JobEntry[]>
  /** Removes a job with its answers, if there is one. @throws InvalidRequest while it is worked on, here or in another tab */
  delete(id: string): Promise<void>
}

/** The folder or cache of a page's storage that holds all jobs. */
const ROOT = 'coppice-jobs'

/**
 * The jobs of a place, and an engine to answer them. Without an engine they can be listed, watched, read and deleted.
 * @throws InvalidRequest for an unknown option
 */
export function jobsOf(engine: Engine | undefined, options: JobsOptions = {}): Jobs {
  checkNames('jobsOf', options, ['storage'])
  return new KeptJobs(engine, options)
}

class KeptJobs implements Jobs {
  #store: Promise<Store> | undefined

  constructor(
    readonly engine: Engine | undefined,
    readonly options: JobsOptions,
  ) {}

  async start(requests: JobRequests, options: StartOptions = {}): Promise<DurableJob> {
    const { id = crypto.randomUUID(), maxTokens, ...others } = options
    const run = runOptions('start', others)
    const { engine } = this
    if (!engine) throw new InvalidRequest('A job needs an engine: jobsOf(engine).')
    if (maxTokens !== undefined) samplingParams({ maxTokens }, engine.config.vocabSize)
    const files = await this.#files(id)
    const settings = settingsOf(engine, maxTokens)
    const begin = async () => {
      const before = await files.manifest()
      if (before) throw await taken(before, settings, requests)
      await files.remove()
      try {
        const kept = await files.keepInput(linesOf(requests))
        const manifest: Manifest = { version: 1, id, createdAt: Date.now(), settings, requests: kept }
        await files.saveManifest(manifest)
        return await DurableJob.open(files, manifest, run)
      } catch (error) {
        await files.remove()
        throw error
      }
    }
    const job = await this.#own(files, engine, begin)
    if (!job) throw new InvalidRequest(`The job ${JSON.stringify(id)} is being worked on, here or in another tab.`)
    return job
  }

  async open(id: string, options: RunOptions = {}): Promise<DurableJob> {
    const run = runOptions('open', options)
    const files = await this.#files(id)
    const manifest = await files.manifest()
    if (!manifest)
      throw new InvalidRequest(`There is no job ${JSON.stringify(id)}. \`list()\` has those that there are.`)
    const { engine } = this
    if (engine) checkSettings(manifest, settingsOf(engine, manifest.settings.maxTokens))
    const begin = () => DurableJob.open(files, manifest, run)
    const owned = engine && (await this.#own(files, engine, begin))
    if (owned) return owned
    const job = await begin()
    job.watch()
    // when the owner is gone, this one is next
    if (engine) job.holdFor(withLock(files.lock, job.closed, () => this.#alone(files, () => job.takeOver(engine))))
    return job
  }

  async list(): Promise<JobEntry[]> {
    const store = await this.#open()
    const kept: KeptJob[] = []
    const damaged: DamagedJob[] = []
    for (const [id, bytes] of await sizesOfJobs(store)) {
      const files = new JobFiles(store, id)
      try {
        const manifest = await files.manifest()
        if (!manifest) continue
        const state = (await files.state())?.state ?? 'unfinished'
        const { settings, requests, createdAt } = manifest
        kept.push({ id, model: settings.model, createdAt: new Date(createdAt), rows: requests.rows, bytes, state })
      } catch (error) {
        if (!(error instanceof InvalidRequest)) throw error
        damaged.push({ id, bytes, state: 'damaged' })
      }
    }
    return [...kept.sort((a, b) => a.createdAt.getTime() - b.createdAt.getTime()), ...damaged]
  }

  async delete(id: string): Promise<void> {
    const files = await this.#files(id)
    const free = await withFreeLock(files.lock, () => this.#alone(files, () => files.remove()))
    await free?.turn
    if (free) return
    throw new InvalidRequest(
      `The job ${JSON.stringify(id)} is being worked on, here or in another tab. \`cancel\` or \`close\` it first.`,
    )
  }

  async #files(id: string): Promise<JobFiles> {
    const { storage } = this.options
    return new JobFiles(await this.#open(), id, typeof storage === 'string' ? storage : undefined)
  }

  #open(): Promise<Store> {
    this.#store ??= storeOf(this.options.storage ?? true)
    return this.#store
  }

  /** The job that `begin` gives, which is then this tab's; undefined if it is another's. @throws what `begin` throws */
  async #own(files: JobFiles, engine: Engine, begin: () => Promise<DurableJob>): Promise<DurableJob | undefined> {
    const begun = new Deferred<DurableJob>()
    const work = async () => {
      const job = await begin()
      begun.resolve(job)
      await job.own(engine)
    }
    const free = await withFreeLock(files.lock, () => this.#alone(files, work).catch(begun.reject))
    if (!free) return undefined
    const job = await begun.promise
    job.holdFor(free.turn)
    return job
  }

  /** Does `work` while no other process works on the job: those know nothing of this one's locks. @throws InvalidRequest if one does */
  async #alone(files: JobFiles, work: () => Promise<void>): Promise<void> {
    const { storage } = this.options
    if (typeof storage !== 'string') return work()
    const release = takeLockFile(`${storage}/${files.folder}@lock`, `The job ${JSON.stringify(files.id)}`)
    try {
      await work()
    } finally {
      release()
    }
  }
}

async function storeOf(storage: true | string | Store): Promise<Store> {
  if (typeof storage === 'object') return storage
  if (storage === true && !globalThis.navigator?.storage && !globalThis.location) {
    throw new InvalidRequest('Outside a page jobs are kept in a folder: jobsOf(engine, { storage: folder }).')
  }
  const store = await openStore(storage, ROOT)
  if (store) return store
  throw new InvalidRequest(
    'This browser keeps nothing for this page (a private window?): use `runJob`, which needs no storage.',
  )
}

function settingsOf({ modelName, weights, memory }: Engine, maxTokens: number | undefined): JobSettings {
  return {
    model: modelName,
    weights: weights.map(({ source, format }) => `${source} as ${format}`),
    kvBlockBytes: memory.blockBytes,
    contextLength: memory.contextLength,
    maxTokens,
  }
}

function checkSettings({ id, settings }: Manifest, own: JobSettings): void {
  const [were, are] = [settings, own].map(each => JSON.stringify(each))
  if (were === are) return
  throw new InvalidRequest(
    `The job ${JSON.stringify(id)} has answers of other settings: ${were}, and this engine's are ${are}. Open it with an engine ` +
      'of the same model and options, or start it anew under another id.',
  )
}

/** The refusal of a new job under an id that there is. */
async function taken(there: Manifest, settings: JobSettings, requests: JobRequests): Promise<InvalidRequest> {
  const given = await summarise(linesOf(requests))
  const told = ({ model }: JobSettings, { rows, sha256 }: typeof given) =>
    `${rows} requests (SHA-256 ${sha256}) to ${model}`
  const isSame = given.sha256 === there.requests.sha256 && JSON.stringify(settings) === JSON.stringify(there.settings)
  const advice = isSame ? '`open` goes on with it.' : 'Choose another id, or delete that job.'
  return new InvalidRequest(
    `There is a job ${JSON.stringify(there.id)} already: ${told(there.settings, there.requests)}; given are ${told(settings, given)}. ${advice}`,
  )
}
