import { pause } from '../../core/pause'
import { withLock } from '../../storage/lock'
import type { RemoteFile } from '../http/remote-file'
import { FileChanged } from '../sources/opened-files'
import type { BlockSum } from './block-sum'
import { beginSum, type Checksum, checkSum } from './checksum'
import { nextRun, type PartRun, type PartState } from './parts'
import type { StoredFile } from './stored-file'

/** Connections at once: enough to fill a line that one does not. What each has under way is lost when the page is closed. */
const NUM_CONNECTIONS = 3
/** Bytes added to a checksum without a break for other work: a few milliseconds. */
const SUM_BYTES = 2 ** 20
/** Time that a download goes on without a reader: who has looked at a header comes back for the rest. */
const LINGER_MS = 3000

/** Somebody who reads the file while it comes. */
export interface DownloadReader {
  /** The bytes of a part, once it has come; those of the last one once the whole file is verified. */
  read(part: number): Promise<Uint8Array<ArrayBuffer>>
  /** Ends the reading. `atOnce`: nobody will come back to go on. */
  close(atOnce: boolean): void
}

/**
 * A file on its way from a server to the store: over several connections, from where its readers are; started anew, it
 * goes on with the parts that are missing. Runs while somebody reads, and in one tab at a time: others wait, and
 * then find the file.
 */
export class Download {
  readonly #file: StoredFile
  readonly #remote: RemoteFile
  readonly #checksum: Checksum
  readonly #stop = new AbortController()
  readonly #readers = new Set<{ part: number; numRead: number }>()
  #states: PartState[] = []
  /** The parts that came last, in memory: most are read and checked at once. */
  readonly #kept = new Map<number, Uint8Array<ArrayBuffer>>()
  #isVerified = false
  #numConnected = 0
  #wakers: (() => void)[] = []

  constructor(file: StoredFile, remote: RemoteFile, checksum: Checksum) {
    this.#file = file
    this.#remote = remote
    this.#checksum = checksum
    this.#stop.signal.addEventListener('abort', () => this.#wake())
    void this.#run()
  }

  /** The download has failed, or all readers have gone. */
  get isOver(): boolean {
    return this.#stop.signal.aborted
  }

  /** Adds a reader that begins with `part`. */
  join(part: number): DownloadReader {
    const reader = { part, numRead: 0 }
    const last = this.#file.layout.numParts - 1
    this.#readers.add(reader)
    return {
      read: async next => {
        reader.part = next
        this.#wake()
        await this.#until(() => (next === last ? this.#isVerified : this.#states[next] === 'stored'))
        reader.numRead += 1
        const kept = this.#kept.get(next)
        if (kept) return kept.slice()
        return this.#file.read(next).catch(error => {
          // it is gone because the download has failed
          this.#stop.signal.throwIfAborted()
          throw error
        })
      },
      close: atOnce => {
        this.#readers.delete(reader)
        const stop = () => this.#readers.size === 0 && this.#stop.abort()
        if (atOnce || this.#isVerified) stop()
        else setTimeout(stop, LINGER_MS)
      },
    }
  }

  async #run(): Promise<void> {
    const { folder } = this.#file
    try {
      await withLock(`coppice/${folder}`, this.#stop.signal, () => this.#complete())
    } catch (error) {
      this.#stop.abort(error)
    }
  }

  /** Fetches the parts that are missing, and checks the whole file. */
  async #complete(): Promise<void> {
    const { parts, isVerified } = await this.#file.states()
    this.#states = parts
    // a small file is summed each time it is read
    this.#isVerified = isVerified && !this.#checksum.isBlob
    if (!this.#isVerified && !parts.includes('absent')) this.#isVerified = await this.#isIntact()
    this.#wake()
    if (this.#isVerified) return
    const work = [this.#verify(), ...Array.from({ length: NUM_CONNECTIONS }, () => this.#connect())]
    // the lock is held until all have stopped
    for (const each of work) each.catch(error => this.#stop.abort(error))
    await Promise.allSettled(work)
    if (this.#stop.signal.reason instanceof FileChanged) await this.#file.remove()
    this.#stop.signal.throwIfAborted()
  }

  async #connect(): Promise<void> {
    for (;;) {
      let run: PartRun | undefined
      await this.#until(() => {
        run = this.#claimRun()
        return run !== undefined || !this.#states.includes('absent')
      })
      if (!run) return
      try {
        await this.#fetch(run)
      } finally {
        this.#numConnected -= 1
        this.#wake()
      }
    }
  }

  /**
   * The next parts to fetch; undefined if there are none for now. Reading ahead starts small, so that who looks at a header
   * only does not fetch a model, and soon is without bounds. A server without ranges gives everything in one go.
   */
  #nextRun(): PartRun | undefined {
    const { numParts, maxRun } = this.#file.layout
    if (!this.#remote.takesRanges) {
      const first = this.#states.indexOf('absent')
      return this.#numConnected > 0 || first < 0 ? undefined : { first, end: numParts }
    }
    for (const { part, numRead } of this.#readers) {
      const window = part === numParts - 1 ? numParts : 2 * (numRead + 1)
      const run = nextRun(this.#states, part, window, maxRun)
      if (run) return run
    }
    return undefined
  }

  #claimRun(): PartRun | undefined {
    const run = this.#nextRun()
    if (!run) return undefined
    const states = this.#states
    for (let part = run.first; part < run.end; part++) if (states[part] === 'absent') states[part] = 'coming'
    this.#numConnected += 1
    return run
  }

  async #fetch({ first, end }: PartRun): Promise<void> {
    const { layout } = this.#file
    const states = this.#states
    const takesRanges = this.#remote.takesRanges
    let part = first
    let bytes = new Uint8Array(layout.size(part))
    let filled = 0
    try {
      for await (let chunk of this.#remote.read(layout.begin(first), layout.begin(end), this.#stop.signal)) {
        // now that we know: better all at once
        if (takesRanges && !this.#remote.takesRanges && end - first < layout.numParts) return
        while (chunk.length > 0) {
          const piece = chunk.subarray(0, bytes.length - filled)
          bytes.set(piece, filled)
          filled += piece.length
          chunk = chunk.subarray(piece.length)
          if (filled < bytes.length) continue
          if (states[part] === 'coming') await this.#store(part, bytes)
          part += 1
          bytes = new Uint8Array(layout.size(part))
          filled = 0
        }
      }
    } finally {
      for (; part < end; part++) if (states[part] === 'coming') states[part] = 'absent'
    }
  }

  async #store(part: number, bytes: Uint8Array<ArrayBuffer>): Promise<void> {
    await this.#file.write(part, bytes)
    this.#states[part] = 'stored'
    this.#kept.set(part, bytes)
    const [oldest] = this.#kept.keys()
    if (this.#kept.size > this.#file.layout.maxRun) this.#kept.delete(oldest)
    this.#wake()
  }

  /** Whether a file whose parts are all stored has the right sum; if not, it is removed, to come again. */
  async #isIntact(): Promise<boolean> {
    const isIntact = (await this.#sum()).digest() === this.#checksum.hash
    if (isIntact) await this.#file.markVerified()
    else await this.#file.remove()
    if (!isIntact) this.#states.fill('absent')
    return isIntact
  }

  /** The sum of all parts, taken as they come. */
  async #sum(): Promise<BlockSum> {
    const { layout } = this.#file
    const sum = beginSum(this.#checksum, layout.bytes)
    for (let part = 0; part < layout.numParts; part++) {
      await this.#until(() => this.#states[part] === 'stored')
      const bytes = this.#kept.get(part) ?? (await this.#file.read(part))
      for (let begin = 0; begin < bytes.length; begin += SUM_BYTES) {
        sum.update(bytes.subarray(begin, begin + SUM_BYTES))
        await pause()
      }
    }
    return sum
  }

  async #verify(): Promise<void> {
    const sum = await this.#sum()
    try {
      checkSum(this.#file.name, sum, this.#checksum)
    } catch (error) {
      await this.#file.remove()
      throw error
    }
    await this.#file.markVerified()
    this.#isVerified = true
    this.#wake()
    this.#kept.clear()
  }

  /** Waits for a condition that some `wake` makes true; rejects once the download is over. */
  async #until(isTrue: () => boolean): Promise<void> {
    while (!isTrue()) {
      this.#stop.signal.throwIfAborted()
      await new Promise<void>(resolve => this.#wakers.push(resolve))
    }
  }

  #wake(): void {
    const wakers = this.#wakers
    this.#wakers = []
    for (const wake of wakers) wake()
  }
}
