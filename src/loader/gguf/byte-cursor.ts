import { CorruptCheckpoint } from '../../core/errors'

/** Largest header that is read into memory; those of the largest vocabularies known to us (262144 tokens) have 16 MB. */
export const MAX_HEADER_BYTES = 64 * 2 ** 20

/** Thrown where the bytes so far end within a value. Not an error yet: more of the file may follow. */
export class NeedsMoreBytes extends Error {
  constructor(readonly needed: number) {
    super(`the header has at least ${needed} bytes`)
  }
}

/** Reads little-endian values from the beginning of a file, one after another. */
export class ByteCursor {
  position = 0
  readonly #view: DataView

  constructor(
    readonly bytes: Uint8Array<ArrayBuffer>,
    readonly file: string,
  ) {
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  }

  /** A value of `numBytes` as `get` reads it. */
  read<T>(numBytes: number, get: (view: DataView, offset: number) => T): T {
    return get(this.#view, this.#advance(numBytes))
  }

  u32(): number {
    return this.read(4, (view, offset) => view.getUint32(offset, true))
  }

  /** A u64 that says how many of `what` follow. Each takes a byte or more, so the header's limit is theirs too. */
  count(what: string, max = MAX_HEADER_BYTES): number {
    const at = this.position
    const count = this.read(8, (view, offset) => view.getBigUint64(offset, true))
    if (count <= max) return Number(count)
    throw this.corrupt(`there are ${count} ${what} at byte ${at}, but may be ${max} at most`)
  }

  /** A copy of the next bytes. */
  take(numBytes: number): Uint8Array<ArrayBuffer> {
    const begin = this.#advance(numBytes)
    return this.bytes.slice(begin, begin + numBytes)
  }

  /** A length in bytes (u64) and a UTF-8 text of that length. */
  text(maxBytes = MAX_HEADER_BYTES): string {
    const length = this.count('bytes of text', maxBytes)
    const begin = this.#advance(length)
    try {
      return UTF8.decode(this.bytes.subarray(begin, begin + length))
    } catch (cause) {
      throw this.corrupt(`the text of ${length} bytes at byte ${begin} is not valid UTF-8`, cause)
    }
  }

  corrupt(what: string, cause?: unknown): CorruptCheckpoint {
    return new CorruptCheckpoint(`${this.file}: ${what}. Download it again.`, { cause })
  }

  /** Steps over the next `numBytes`, and gives the place where they begin. */
  #advance(numBytes: number): number {
    const begin = this.position
    const end = begin + numBytes
    if (end > MAX_HEADER_BYTES) {
      throw this.corrupt(`the header goes on to byte ${end}, but may have ${MAX_HEADER_BYTES}`)
    }
    if (end > this.bytes.length) throw new NeedsMoreBytes(end)
    this.position = end
    return begin
  }
}

const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
