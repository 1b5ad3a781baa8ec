const BLOCK_BYTES = 64

/** A sum of the SHA family (FIPS 180-4) up to 256 bits, of bytes that come in pieces, which WebCrypto cannot do. */
export abstract class BlockSum {
  protected readonly state: Int32Array
  /** Bytes that do not fill a block yet. */
  readonly #pending = new Uint8Array(BLOCK_BYTES)
  #numBytes = 0

  constructor(initial: Int32Array) {
    this.state = initial.slice()
  }

  /** Adds the block of 64 bytes that begins at byte `begin` to the state. */
  protected abstract compress(block: DataView, begin: number): void

  update(bytes: Uint8Array): void {
    let begin = 0
    const numPending = this.#numBytes % BLOCK_BYTES
    this.#numBytes += bytes.length
    if (numPending > 0) {
      begin = Math.min(BLOCK_BYTES - numPending, bytes.length)
      this.#pending.set(bytes.subarray(0, begin), numPending)
      if (numPending + begin < BLOCK_BYTES) return
      this.compress(viewOf(this.#pending), 0)
    }
    const view = viewOf(bytes)
    for (; begin + BLOCK_BYTES <= bytes.length; begin += BLOCK_BYTES) this.compress(view, begin)
    this.#pending.set(bytes.subarray(begin))
  }

  /** In hexadecimal. Ends the sum: nothing can be added after it. */
  digest(): string {
    const numBytes = this.#numBytes
    const end = new Uint8Array(BLOCK_BYTES - ((numBytes + 8) % BLOCK_BYTES) + 8)
    end[0] = 0x80
    viewOf(end).setBigUint64(end.length - 8, BigInt(numBytes) * 8n)
    this.update(end)
    return Array.from(this.state, word => (word >>> 0).toString(16).padStart(8, '0')).join('')
  }
}

export function rotate(word: number, bits: number): number {
  return (word >>> bits) | (word << (32 - bits))
}

function viewOf({ buffer, byteOffset, byteLength }: Uint8Array): DataView {
  return new DataView(buffer, byteOffset, byteLength)
}
