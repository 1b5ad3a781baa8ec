import { CorruptCheckpoint } from '../../core/errors'
import { ByteReader } from '../sources/byte-reader'
import { type ModelSource, missingFile } from '../sources/source'
import type { WeightFile } from './checkpoint'

/** The weights of one file, read forward. Positions are bytes from where they begin. Call `close` when done. */
export class WeightStream {
  readonly #file: WeightFile
  readonly #reader: ByteReader

  private constructor(
    file: WeightFile,
    reader: ByteReader,
    readonly begin: number,
  ) {
    this.#file = file
    this.#reader = reader
  }

  /** Opens the weights from position `begin` on. */
  static async open(source: ModelSource, file: WeightFile, signal?: AbortSignal, begin = 0): Promise<WeightStream> {
    const stream = await source.open(file.name, signal, file.dataBegin + begin)
    if (!stream) throw missingFile(source, file.name)
    return new WeightStream(file, new ByteReader(stream, file.name, signal), begin)
  }

  get position(): number {
    return this.begin + this.#reader.bytesRead
  }

  /** Skips to a position. `where`: what is there, for the error of a file that ends before. */
  async skipTo(position: number, where: string): Promise<void> {
    await this.#reader.skip(position - this.position)
    if (this.position < position) throw this.#truncated(where, position)
  }

  /** The next bytes, as an array of their own. */
  async read(numBytes: number, where: string): Promise<Uint8Array<ArrayBuffer>> {
    const end = this.position + numBytes
    const bytes = await this.#reader.take(numBytes)
    if (bytes.length < numBytes) throw this.#truncated(where, end)
    return bytes
  }

  /** Checks that nothing but padding comes after the last tensor. */
  async checkEnd(): Promise<void> {
    const { name, dataBegin, stored, maxPadding } = this.#file
    const end = stored.at(-1)?.end ?? 0
    await this.skipTo(end, 'in the last tensor')
    await this.#reader.skip(maxPadding + 1)
    if (this.position <= end + maxPadding) return
    throw new CorruptCheckpoint(
      `${name} goes on after byte ${dataBegin + end}, where by its header the last tensor ends.`,
    )
  }

  close(): Promise<void> {
    return this.#reader.close()
  }

  #truncated(where: string, needed: number): CorruptCheckpoint {
    const { name, dataBegin } = this.#file
    return new CorruptCheckpoint(
      `${name} is truncated: it ends at byte ${dataBegin + this.position}, ${where}, which goes on to byte ${dataBegin + needed}. Download it again.`,
    )
  }
}
