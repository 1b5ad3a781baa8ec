/** Characters of the pieces that are remembered, at least: as many as of 64 prompts of 16 K tokens. */
const MAX_CHARS = 2 ** 22
/** Characters of the longest piece that is remembered: longer ones are hardly met again, and would push out all others. */
const MAX_PIECE_CHARS = 2 ** 14

/**
 * A memory of results by pieces of text, which forgets those not used for long: two generations of a bounded number of
 * characters, of which the older goes as a whole.
 */
export class PieceMemory<T> {
  #young = new Map<string, T>()
  #old = new Map<string, T>()
  #numChars = 0

  get(piece: string): T | undefined {
    const young = this.#young.get(piece)
    if (young !== undefined) return young
    const old = this.#old.get(piece)
    if (old !== undefined) this.set(piece, old)
    return old
  }

  set(piece: string, value: T): void {
    if (piece.length > MAX_PIECE_CHARS) return
    this.#numChars += piece.length
    if (this.#numChars > MAX_CHARS) {
      this.#old = this.#young
      this.#young = new Map()
      this.#numChars = piece.length
    }
    this.#young.set(copyOf(piece), value)
  }
}

/** A copy of the piece with memory of its own: engines keep the whole of a text while a slice of it lives. */
function copyOf(piece: string): string {
  return ` ${piece}`.slice(1)
}
