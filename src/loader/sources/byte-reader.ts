import { abortError, CoppiceError, DownloadFailed } from '../../core/errors'

/** Memory taken at once for bytes that are only announced; more is taken as they come. */
const TRUSTED_BYTES = 16 * 2 ** 20
/** Bytes that a stream is given room for where whoever reads has no memory to give. */
const CHUNK_BYTES = 2 ** 16

/** Reads a byte stream in pieces of the caller's choosing, not the network's. Call `close` when done with it. */
export class ByteReader {
  /** Bytes handed out so far. */
  bytesRead = 0
  readonly #reader: Reader
  readonly #onAbort: () => void
  #chunk = new Uint8Array(0)

  constructor(
    stream: ReadableStream<Uint8Array<ArrayBuffer>>,
    /** The name of the stream in errors. */
    readonly file: string,
    readonly signal?: AbortSignal,
  ) {
    this.#reader = openReader(stream)
    this.#onAbort = () => void this.#cancel()
    signal?.addEventListener('abort', this.#onAbort)
  }

  /**
   * Fills `buffer` from place `filled` on, and gives the part of it that is full: less than all only where the stream ends.
   * `buffer` must be an array of all its memory, which is taken and comes back with the answer, so that a file is read
   * right into it.
   */
  async fill(buffer: Uint8Array<ArrayBuffer>, filled = 0): Promise<Uint8Array<ArrayBuffer>> {
    const before = filled
    let bytes = buffer
    while (filled < bytes.length) {
      if (this.#chunk.length === 0 && this.#reader.isDirect) {
        const { value } = await this.#read(bytes.subarray(filled))
        if (!value) break
        bytes = new Uint8Array(value.buffer)
        if (value.length === 0) break
        filled += value.length
      } else {
        if (this.#chunk.length === 0 && !(await this.#refill())) break
        const part = this.#chunk.subarray(0, bytes.length - filled)
        bytes.set(part, filled)
        filled += part.length
        this.#chunk = this.#chunk.subarray(part.length)
      }
    }
    this.bytesRead += filled - before
    return filled === bytes.length ? bytes : bytes.subarray(0, filled)
  }

  /** The next bytes: `length` of them, or those until the stream ends. Takes no more memory than the stream warrants. */
  async take(length: number): Promise<Uint8Array<ArrayBuffer>> {
    let bytes = await this.fill(new Uint8Array(Math.min(length, TRUSTED_BYTES)))
    while (bytes.length === bytes.buffer.byteLength && bytes.length < length) {
      const grown = new Uint8Array(Math.min(length, 2 * bytes.length))
      grown.set(bytes)
      bytes = await this.fill(grown, bytes.length)
    }
    return bytes
  }

  /** Drops the next `length` bytes, or those until the stream ends. */
  async skip(length: number): Promise<void> {
    const end = this.bytesRead + length
    while (this.bytesRead < end) {
      if (this.#chunk.length === 0 && !(await this.#refill())) return
      const dropped = Math.min(this.#chunk.length, end - this.bytesRead)
      this.#chunk = this.#chunk.subarray(dropped)
      this.bytesRead += dropped
    }
  }

  /** Frees the stream; the connection closes if bytes were left. */
  async close(): Promise<void> {
    this.signal?.removeEventListener('abort', this.#onAbort)
    await this.#cancel()
  }

  /** Waits for the next non-empty chunk; false at the end. */
  async #refill(): Promise<boolean> {
    while (this.#chunk.length === 0) {
      const { done, value } = await this.#read(new Uint8Array(this.#reader.isDirect ? CHUNK_BYTES : 0))
      if (done) return false
      this.#chunk = value
    }
    return true
  }

  async #read(memory: Uint8Array<ArrayBuffer>) {
    try {
      const result = await this.#reader.read(memory)
      // Cancelling on abort makes a pending read look like the end of the stream.
      if (this.signal?.aborted) throw abortError(this.signal)
      return result
    } catch (cause) {
      if (this.signal?.aborted) throw abortError(this.signal)
      if (cause instanceof CoppiceError) throw cause
      if (cause instanceof DOMException && (cause.name === 'NotReadableError' || cause.name === 'NotFoundError')) {
        // a `File` is what it was when it was chosen, and stays unreadable for ever
        const advice = 'Choose it again, or load the model again.'
        throw new DownloadFailed(`${this.file} was changed or moved on disk after it was opened. ${advice}`, { cause })
      }
      throw new DownloadFailed(`${this.file}: reading broke off after ${this.bytesRead} bytes. Try again.`, { cause })
    }
  }

  async #cancel(): Promise<void> {
    // A stream that already failed rejects `cancel` with the failure that `#read` has reported.
    await this.#reader.cancel().catch(() => undefined)
  }
}

interface Reader {
  /** Whether it writes into the memory that `read` is given, which is taken for that; others do not look at it. */
  readonly isDirect: boolean
  read(memory: Uint8Array<ArrayBuffer>): Promise<ReadableStreamReadResult<Uint8Array<ArrayBuffer>>>
  cancel(): Promise<void>
}

/** A reader of the stream, a direct one where that can be: for streams of files, in most browsers. */
function openReader(stream: ReadableStream<Uint8Array<ArrayBuffer>>): Reader {
  try {
    const reader = stream.getReader({ mode: 'byob' })
    return { isDirect: true, read: memory => reader.read(memory), cancel: () => reader.cancel() }
  } catch {
    const reader = stream.getReader()
    return { isDirect: false, read: () => reader.read(), cancel: () => reader.cancel() }
  }
}
