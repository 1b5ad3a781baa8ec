import { DownloadFailed } from '../../core/errors'
import { withinQuota } from '../../storage/storage-full'
import type { Store } from '../../storage/store'
import type { ByteStream } from '../sources/source'
import { partStream } from './part-stream'
import type { PartLayout, PartState } from './parts'

const VERIFIED = 'verified'

/** A file in a store: a folder of parts called 0, 1, 2 …, and a mark once all are there and have been checked. */
export class StoredFile {
  constructor(
    /** The name of the file in errors. */
    readonly name: string,
    readonly store: Store,
    readonly folder: string,
    readonly layout: PartLayout,
  ) {}

  /** The state of each part, and whether the whole was checked. A part of another length than it must have is absent. */
  async states(): Promise<{ readonly parts: PartState[]; readonly isVerified: boolean }> {
    const { numParts } = this.layout
    const sizes = await this.store.list(this.folder)
    const parts = Array.from({ length: numParts }, (_, part): PartState => {
      return sizes.get(String(part)) === this.layout.size(part) ? 'stored' : 'absent'
    })
    return { parts, isVerified: sizes.has(VERIFIED) && parts.every(state => state === 'stored') }
  }

  /**
   * The whole file, unread, if it is verified and the store can give it so; else undefined. The browser reads through a
   * blob of all parts twice as fast as we ask for one after the other.
   */
  async whole(): Promise<Blob | undefined> {
    const { layout, store, folder } = this
    if (!store.files || !(await store.read(`${folder}/${VERIFIED}`))) return undefined
    const parts = await store.files(Array.from({ length: layout.numParts }, (_, part) => `${folder}/${part}`))
    return parts?.every(({ size }, part) => size === layout.size(part)) ? new Blob([...parts]) : undefined
  }

  /** The bytes of a verified file from `begin` on. */
  stream(begin: number, signal?: AbortSignal): ByteStream {
    return partStream({ layout: this.layout, begin, signal, read: part => this.read(part) })
  }

  async read(part: number): Promise<Uint8Array<ArrayBuffer>> {
    const bytes = await this.store.read(`${this.folder}/${part}`)
    if (bytes?.length === this.layout.size(part)) return bytes
    throw new DownloadFailed(`${this.name} was removed from the cache while it was read. Load it again.`)
  }

  write(part: number, bytes: Uint8Array<ArrayBuffer>): Promise<void> {
    return withinQuota(this.name, this.layout.bytes, this.store.write(`${this.folder}/${part}`, bytes))
  }

  markVerified(): Promise<void> {
    const mark = this.store.write(`${this.folder}/${VERIFIED}`, new TextEncoder().encode(String(this.layout.bytes)))
    return withinQuota(this.name, this.layout.bytes, mark)
  }

  /** Takes the mark away: the file is summed again before its last part is given out. */
  distrust(): Promise<void> {
    return this.store.remove(`${this.folder}/${VERIFIED}`)
  }

  remove(): Promise<void> {
    return this.store.remove(this.folder)
  }
}
