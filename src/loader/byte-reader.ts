import { abortError, CoppiceError, DownloadFailed } from '../core/errors'

/** So much memory is taken at once for bytes that are only announced; more as they come. */
const TRUSTED_BYTES = 16 * 2 ** 20

/** Reads a byte stream in pieces of the caller's choosing, not the network's. Call `close` when done with it. */
export class ByteReader {
  /** Bytes handed out so far. */
  bytesRead = 0
  readonly #reader: ReadableStreamDefaultReader<Uint8Array<ArrayBuffer>>
  readonly #onAbort: () => void
  #chunk = new Uint8Array(0)

  constructor(
    stream: ReadableStream<Uint8Array<ArrayBuffer>>,
    /** What the stream is, for errors. */
    readonly file: string,
    readonly signal?: AbortSignal,
  ) {
    this.#reader = stream.getReader()
    this.#onAbort = () => void this.#cancel()
    signal?.addEventListener('abort', this.#onAbort)
  }

  /** Fills `target`; returns how many bytes it got, which is fewer than asked only where the stream ends. */
  async readInto(target: Uint8Array): Promise<number> {
    let filled = 0
    while (filled < target.length) {
      if (this.#chunk.length === 0 && !(await this.#refill())) break
      const part = this.#chunk.subarray(0, target.length - filled)
      target.set(part, filled)
      filled += part.length
      this.#chunk = this.#chunk.subarray(part.length)
    }
    this.bytesRead += filled
    return filled
  }

  /** The next bytes: `length` of them, or those until the stream ends. Takes no more memory than the stream warrants. */
  async take(length: number): Promise<Uint8Array<ArrayBuffer>> {
    let bytes = new Uint8Array(Math.min(length, TRUSTED_BYTES))
    let filled = await this.readInto(bytes)
    while (filled === bytes.length && filled < length) {
      const grown = new Uint8Array(Math.min(length, 2 * filled))
      grown.set(bytes)
      bytes = grown
      filled += await this.readInto(bytes.subarray(filled))
    }
    return filled === bytes.length ? bytes : bytes.subarray(0, filled)
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
      const result = await this.#read()
      // Cancelling on abort makes a pending read look like the end of the stream.
      if (this.signal?.aborted) throw abortError(this.signal)
      if (result.done) return false
      this.#chunk = result.value
    }
    return true
  }

  async #read() {
    try {
      return await this.#reader.read()
    } catch (cause) {
      if (this.signal?.aborted) throw abortError(this.signal)
      if (cause instanceof CoppiceError) throw cause
      throw new DownloadFailed(`${this.file}: reading broke off after ${this.bytesRead} bytes. Try again.`, { cause })
    }
  }

  async #cancel(): Promise<void> {
    // A stream that already failed rejects `cancel` with the failure that `#read` has reported.
    await this.#reader.cancel().catch(() => undefined)
  }
}
