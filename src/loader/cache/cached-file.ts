import type { RemoteFile } from '../http/remote-file'
import type { ByteStream } from '../sources/source'
import type { Checksum } from './checksum'
import { Download } from './download'
import { partStream } from './part-stream'
import type { StoredFile } from './stored-file'

/** A file that is read from the store if it is there, and else on its way there. */
export class CachedFile {
  readonly #file: StoredFile
  readonly #remote: RemoteFile
  readonly #checksum: Checksum
  #whole: Blob | undefined
  #download: Download | undefined

  constructor(file: StoredFile, remote: RemoteFile, checksum: Checksum) {
    this.#file = file
    this.#remote = remote
    this.#checksum = checksum
  }

  /** Has the file summed before it is read again, and fetched again if it is damaged: what was read of it makes no sense. */
  async distrust(): Promise<void> {
    this.#whole = undefined
    await this.#file.distrust()
  }

  async open(begin: number, signal?: AbortSignal): Promise<ByteStream> {
    const file = this.#file
    const { layout } = file
    if (begin >= layout.bytes) return new Blob().stream()
    // a large file was summed when it came; a small one is each time
    if (!this.#checksum.isBlob) {
      // once for the header and the weights: it takes as long as to read a tenth of them
      this.#whole ??= await file.whole()
      signal?.throwIfAborted()
      if (this.#whole) return this.#whole.slice(begin).stream()
      const { isVerified } = await file.states()
      signal?.throwIfAborted()
      if (isVerified) return file.stream(begin, signal)
    }
    if (!this.#download || this.#download.isOver) this.#download = new Download(file, this.#remote, this.#checksum)
    const reader = this.#download.join(Math.floor(begin / layout.partBytes))
    return partStream({ layout, begin, signal, read: reader.read, onClose: reader.close })
  }
}
