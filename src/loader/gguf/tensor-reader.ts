import { CorruptCheckpoint } from '../../core/errors'
import { ByteReader } from '../byte-reader'
import { firstNonFinite } from '../convert'
import { type ModelSource, missingFile } from '../source'
import type { GgufHeader } from './header'
import type { GgufTensor } from './tensor-table'

/** What is not wanted is read in pieces of this many bytes. */
const SKIP_BYTES = 2 ** 16

/** Reads tensors of one file, in file order. Call `close` when done. */
export class TensorReader {
  readonly #reader: ByteReader
  readonly #header: GgufHeader

  private constructor(reader: ByteReader, header: GgufHeader) {
    this.#reader = reader
    this.#header = header
  }

  static async open(source: ModelSource, header: GgufHeader, signal?: AbortSignal): Promise<TensorReader> {
    const stream = await source.open(header.file, signal)
    if (!stream) throw missingFile(source, header.file)
    return new TensorReader(new ByteReader(stream, header.file, signal), header)
  }

  /**
   * The elements of a tensor as f32, in slabs of at most `maxElements`, each a whole number of units of `unitLen`
   * elements (a unit is whole blocks); a larger unit is a slab of its own. Reused: valid until the next is asked for.
   * A NaN or an infinity is `CorruptCheckpoint`: no trained model has one, and one poisons every answer.
   */
  async *slabs(tensor: GgufTensor, unitLen: number, maxElements: number): AsyncGenerator<Float32Array<ArrayBuffer>> {
    const { name, format, begin, end } = tensor
    await this.#skipTo(this.#header.dataBegin + begin, name)
    const slabLen = Math.max(unitLen, maxElements - (maxElements % unitLen))
    const slabBytes = Math.min((slabLen / format.blockLen) * format.blockBytes, end - begin)
    const bytes = new Uint8Array(slabBytes)
    const values = new Float32Array((slabBytes / format.blockBytes) * format.blockLen)
    for (let position = begin, first = 0; position < end; position += slabBytes, first += values.length) {
      const part = bytes.subarray(0, Math.min(slabBytes, end - position))
      await this.#fill(part, name)
      const decoded = values.subarray(0, (part.length / format.blockBytes) * format.blockLen)
      format.decode(part, decoded)
      const bad = firstNonFinite(decoded)
      if (bad >= 0) {
        const { file } = this.#header
        throw new CorruptCheckpoint(`${file}: element ${first + bad} of tensor ${name} is ${decoded[bad]}.`)
      }
      yield decoded
    }
  }

  /** Bytes of tensors behind us, with the padding between them. */
  get loadedBytes(): number {
    return Math.max(0, this.#reader.bytesRead - this.#header.dataBegin)
  }

  /** After the last tensor there may be padding, and nothing else. */
  async checkEnd(): Promise<void> {
    const { file, alignment, dataBegin, tensors } = this.#header
    const last = tensors.at(-1)
    // the first of several files may hold metadata only
    if (!last) return
    const end = dataBegin + last.end
    await this.#skipTo(end, last.name)
    if ((await this.#reader.readInto(new Uint8Array(alignment))) < alignment) return
    throw new CorruptCheckpoint(`${file} goes on after byte ${end}, where by its header the last tensor ends.`)
  }

  close(): Promise<void> {
    return this.#reader.close()
  }

  async #skipTo(position: number, name: string): Promise<void> {
    const scratch = new Uint8Array(Math.min(SKIP_BYTES, Math.max(0, position - this.#reader.bytesRead)))
    while (this.#reader.bytesRead < position) {
      await this.#fill(scratch.subarray(0, Math.min(scratch.length, position - this.#reader.bytesRead)), name)
    }
  }

  async #fill(target: Uint8Array, name: string): Promise<void> {
    const end = this.#reader.bytesRead + target.length
    if ((await this.#reader.readInto(target)) === target.length) return
    const at = this.#reader.bytesRead
    throw new CorruptCheckpoint(
      `${this.#header.file} is truncated: it ends at byte ${at}, before tensor ${name} does, which goes on to byte ${end} at least. Download it again.`,
    )
  }
}
