import { isBlank, type Line } from '../api/lines'
import { InvalidRequest } from '../core/errors'
import { Turns } from '../core/turns'
import { Sha256 } from '../loader/cache/sha256'
import { withinQuota } from '../storage/storage-full'
import type { Store } from '../storage/store'
import { joinBytes } from './join-bytes'
import { readRecord, recordLine } from './record'
import { segmentName } from './segments'

/** The settings that answers depend on besides their requests. Those of others are not mixed with them. */
export interface JobSettings {
  readonly model: string
  /** The formats of weights on the GPU, by those in the files. */
  readonly weights: readonly string[]
  /** Bytes of a block's K and V in one layer, which tell the KV cache's format. */
  readonly kvBlockBytes: number
  readonly contextLength: number
  /** For requests that do not say how many tokens they want. */
  readonly maxTokens: number | undefined
}

/** The requests of a job, told apart from any others. */
export interface RequestsSummary {
  /** Lines that are not blank. */
  readonly rows: number
  readonly sha256: string
}

/** The description of a job, written once its requests are kept: without it there is no job. */
export interface Manifest {
  readonly version: 1
  readonly id: string
  /** Milliseconds since 1970; the `created` of all answers. */
  readonly createdAt: number
  readonly settings: JobSettings
  readonly requests: RequestsSummary & { readonly segments: number }
}

/** The state in which an owner leaves a job to the next; without one it goes on. */
export interface KeptState {
  readonly state: 'paused' | 'cancelled' | 'done'
}

export const MAKE_ROOM = 'Make room: delete other jobs, or cached models (evictCached).'

/** Bytes of requests that are written at once. */
const SEGMENT_BYTES = 1 << 20

const LINE_FEED = Uint8Array.of(10)

/** The files of one job in a store: `manifest`, `state`, `input/…` and `log/…`, in a folder of its id. */
export class JobFiles {
  readonly folder: string

  constructor(
    readonly store: Store,
    readonly id: string,
    /** A name of the store, where there may be several. */
    readonly place = '',
  ) {
    this.folder = folderOf(id)
  }

  /** The name of the job's lock, and of the channel of those who have it open. */
  get lock(): string {
    return `coppice-job-${this.place}/${this.folder}`
  }

  get log(): string {
    return `${this.folder}/log`
  }

  /** @throws InvalidRequest if it is damaged */
  async manifest(): Promise<Manifest | undefined> {
    return (await this.#read('manifest')) as Manifest | undefined
  }

  saveManifest(manifest: Manifest): Promise<void> {
    return this.#write('manifest', manifest)
  }

  async state(): Promise<KeptState | undefined> {
    return (await this.#read('state')) as KeptState | undefined
  }

  async saveState(state: KeptState | undefined): Promise<void> {
    if (state) await this.#write('state', state)
    else await this.store.remove(`${this.folder}/state`)
  }

  remove(): Promise<void> {
    return this.store.remove(this.folder)
  }

  /** Keeps the requests, a megabyte at a time. */
  async keepInput(lines: AsyncIterable<Line>): Promise<Manifest['requests']> {
    let pending: Uint8Array[] = []
    let numPending = 0
    let segments = 0
    const flush = async () => {
      await this.#put(inputPath(segments++), joinBytes(pending))
      pending = []
      numPending = 0
    }
    const summary = await summarise(lines, async line => {
      pending.push(line, LINE_FEED)
      numPending += line.length + 1
      if (numPending >= SEGMENT_BYTES) await flush()
    })
    if (pending.length > 0) await flush()
    return { ...summary, segments }
  }

  /** The requests as they were kept, in pieces. @throws InvalidRequest if one is gone */
  async *input({ segments }: Manifest['requests']): AsyncGenerator<Uint8Array, void, undefined> {
    for (let n = 0; n < segments; n++) {
      const bytes = await this.store.read(`${this.folder}/${inputPath(n)}`)
      if (!bytes) throw this.damaged(`its requests lack part ${n} of ${segments}`)
      yield bytes
    }
  }

  damaged(what: string): InvalidRequest {
    return new InvalidRequest(
      `The job ${JSON.stringify(this.id)} cannot go on: ${what}. Its answers can still be read; delete it and start it anew.`,
    )
  }

  async #read(name: string): Promise<unknown> {
    const bytes = await this.store.read(`${this.folder}/${name}`)
    // an empty one is being written: a browser's file is there before what it holds is put in place
    if (!bytes?.length) return undefined
    const entry = readRecord(bytes.subarray(0, -1))
    if (!entry) throw this.damaged(`its ${name} is damaged`)
    return entry
  }

  #write(name: string, entry: object): Promise<void> {
    return this.#put(name, new TextEncoder().encode(recordLine(entry)))
  }

  /** @throws StorageFull */
  #put(name: string, bytes: Uint8Array<ArrayBuffer>): Promise<void> {
    const writing = this.store.write(`${this.folder}/${name}`, bytes)
    return withinQuota(`The job ${JSON.stringify(this.id)}`, bytes.length, writing, MAKE_ROOM)
  }
}

function inputPath(n: number): string {
  return `input/${segmentName(n)}`
}

/** Reads lines for what tells them apart from others; each goes to `take` as bytes. */
export async function summarise(
  lines: AsyncIterable<Line>,
  take: (line: Uint8Array) => Promise<void> = async () => undefined,
): Promise<RequestsSummary> {
  const hash = new Sha256()
  const encoder = new TextEncoder()
  const turns = new Turns()
  let rows = 0
  for await (const line of lines) {
    const encoded = typeof line === 'string' ? encoder.encode(line) : line
    hash.update(encoded)
    hash.update(LINE_FEED)
    if (!isBlank(line)) rows++
    await take(encoded)
    await turns.give()
  }
  return { rows, sha256: hash.digest() }
}

/** The folder of a job. @throws InvalidRequest for an id that is no text, or no name */
function folderOf(id: string): string {
  const isName = typeof id === 'string' && id !== '' && id !== '.' && id !== '..'
  if (isName) return encodeURIComponent(id)
  throw new InvalidRequest(`The id of a job is ${JSON.stringify(id)}, but must be a text of at least one character.`)
}

/** Bytes of all jobs in storage by their ids, also of those whose requests were never kept to their end. */
export async function sizesOfJobs(store: Store): Promise<ReadonlyMap<string, number>> {
  const sizes = new Map<string, number>()
  for (const [path, bytes] of await store.list()) {
    const id = idOf(path.slice(0, Math.max(0, path.indexOf('/'))))
    if (id !== undefined) sizes.set(id, (sizes.get(id) ?? 0) + bytes)
  }
  return sizes
}

/** The id whose folder this is; undefined for one that is no job's. */
function idOf(folder: string): string | undefined {
  try {
    const id = decodeURIComponent(folder)
    return folder !== '' && encodeURIComponent(id) === folder ? id : undefined
  } catch (error) {
    if (error instanceof URIError) return undefined
    throw error
  }
}
