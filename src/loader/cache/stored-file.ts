import { DownloadFailed } from '../../core/errors'
import type { ByteStream } from '../source'
import { partStream } from './part-stream'
import type { PartLayout, PartState } from './parts'
import { withinQuota } from './storage-full'
import type { Store } from './store'

const VERIFIED = 'verified'

/** A file in a store: a folder of parts called 0, 1, 2 …, and a mark once all are there and have been checked. */
export class StoredFile {
  constructor(
    /** What errors call it. */
    readonly name: string,
    readonly store: Store,
    readonly folder: string,
    readonly layout: PartLayout,
  ) {}

  /** Which parts are there. A part of another length than it must have is not. */
  async states(): Promise<{ readonly parts: PartState[]; readonly isVerified: boolean }> {
    const { numParts } = this.layout
    const sizes = await this.store.list(this.folder)
    const parts = Array.from({ length: numParts }, (_, part): PartState => {
      return sizes.get(String(part)) === this.layout.size(part) ? 'stored' : 'absent'
    })
    return { parts, isVerified: sizes.has(VERIFIED) && parts.every(state => state === 'stored') }
  }

  /** The bytes from `begin` on, of a file that is verified. */
  async stream(begin: number, signal?: AbortSignal): Promise<ByteStream> {
    const { layout, store, folder } = this
    if (!store.stream) return partStream({ layout, begin, signal, read: part => this.read(part) })
    return store.stream(
      Array.from({ length: layout.numParts }, (_, part) => `${folder}/${part}`),
      begin,
    )
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

  remove(): Promise<void> {
    return this.store.remove(this.folder)
  }
}
