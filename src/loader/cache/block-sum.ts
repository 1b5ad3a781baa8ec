const BLOCK_BYTES = 64

/**
 * Adds a block of 64 bytes to `state`. The first 16 words of `schedule` are the block's; the rest is room for what is
 * made of them. A function of one block, since engines compile that well.
 */
export type Compress = (state: Int32Array, schedule: Int32Array) => void

/** A sum of the SHA family (FIPS 180-4) up to 256 bits, of bytes that come in pieces, which WebCrypto cannot do. */
export class BlockSum {
  readonly #state: Int32Array
  readonly #schedule: Int32Array
  readonly #compress: Compress
  /** The last bytes, which do not fill a block yet. */
  readonly #pending = new Uint8Array(BLOCK_BYTES)
  #numBytes = 0

  /** `numRounds`: words of the schedule. */
  constructor(initial: Int32Array, numRounds: number, compress: Compress) {
    this.#state = initial.slice()
    this.#schedule = new Int32Array(numRounds)
    this.#compress = compress
  }

  /** Adds bytes. */
  update(bytes: Uint8Array): void {
    let begin = 0
    const numPending = this.#numBytes % BLOCK_BYTES
    this.#numBytes += bytes.length
    if (numPending > 0) {
      begin = Math.min(BLOCK_BYTES - numPending, bytes.length)
      this.#pending.set(bytes.subarray(0, begin), numPending)
      if (numPending + begin < BLOCK_BYTES) return
      this.#add(viewOf(this.#pending), 0)
    }
    const view = viewOf(bytes)
    for (; begin + BLOCK_BYTES <= bytes.length; begin += BLOCK_BYTES) this.#add(view, begin)
    this.#pending.set(bytes.subarray(begin))
  }

  /** The sum in hexadecimal. Ends it: nothing can be added afterwards. */
  digest(): string {
    const numBytes = this.#numBytes
    const end = new Uint8Array(BLOCK_BYTES - ((numBytes + 8) % BLOCK_BYTES) + 8)
    end[0] = 0x80
    viewOf(end).setBigUint64(end.length - 8, BigInt(numBytes) * 8n)
    this.update(end)
    return Array.from(this.#state, word => (word >>> 0).toString(16).padStart(8, '0')).join('')
  }

  #add(bytes: DataView, begin: number): void {
    for (let t = 0; t < BLOCK_BYTES / 4; t++) this.#schedule[t] = bytes.getInt32(begin + 4 * t)
    this.#compress(this.#state, this.#schedule)
  }
}

/**
 * A word's bits moved to the left, around its end. Who calls it for each word gives it a name in its own file: where modules are not
 * bundled an import is looked up at each use, and a sum takes 15 times as long.
 */
export function rotated(word: number, bits: number): number {
  return (word >>> bits) | (word << (32 - bits))
}

function viewOf({ buffer, byteOffset, byteLength }: Uint8Array): DataView {
  return new DataView(buffer, byteOffset, byteLength)
}
