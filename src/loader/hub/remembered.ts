import { CorruptCheckpoint } from '../../core/errors'
import { parseJsonObject } from '../../core/json'
import { withinQuota } from '../../storage/storage-full'
import type { Store } from '../../storage/store'
import { type Listing, parseListing } from './listing'

const REVISION = 'revision-'

/** The hub's answers about the revisions of a model, kept in a store: they name its files when the network is gone. */
export class RememberedListings {
  constructor(
    readonly name: string,
    readonly store: Store,
    /** The model's folder in the store. */
    readonly folder: string,
  ) {}

  /** The files of a revision; undefined if there is no answer, or a crash has damaged it: the hub gives it again. */
  async find(revision: string): Promise<Listing | undefined> {
    const bytes = await this.store.read(`${this.folder}/${REVISION}${encodeURIComponent(revision)}`)
    try {
      return bytes && parseListing(parseJsonObject(new TextDecoder().decode(bytes), this.name), this.name)
    } catch (error) {
      if (error instanceof CorruptCheckpoint) return undefined
      throw error
    }
  }

  /** Keeps the hub's `answer` about a revision, and removes files that no remembered revision has any more. */
  async remember(revision: string, answer: string): Promise<void> {
    const name = `${REVISION}${encodeURIComponent(revision)}`
    const write = this.store.write(`${this.folder}/${name}`, new TextEncoder().encode(answer))
    await withinQuota(this.name, answer.length, write)
    const entries = new Set([...(await this.store.list(this.folder)).keys()].map(path => path.split('/')[0]))
    const revisions = [...entries].filter(entry => entry.startsWith(REVISION))
    const listings = revisions.map(entry => this.find(decodeURIComponent(entry.slice(REVISION.length))))
    const wanted = new Set(revisions)
    for (const listing of await Promise.all(listings)) {
      for (const { checksum } of listing?.files.values() ?? []) wanted.add(checksum.hash)
    }
    const unwanted = [...entries].filter(entry => !wanted.has(entry))
    // what another tab is writing goes another time
    await Promise.allSettled(unwanted.map(entry => this.store.remove(`${this.folder}/${entry}`)))
  }
}
