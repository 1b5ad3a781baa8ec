import { joined } from '../core/joined'
import type { CutPlaces } from './cut-places'
import { PieceMemory } from './piece-memory'
import type { TokenSplitter } from './token-splitter'

/**
 * Characters of a piece, at least. The long ones are looked up fast, the middle ones lose little where texts begin to
 * differ, and the last are words, which all texts have in common.
 */
const SIZES = [512, 64, 1]

/** A character that no tokenizer's pattern, nor trimming, takes for white space, nor writes for a space. */
const INK = /[^\s\u0085\u2581]/

/**
 * Encodes texts in pieces, each of which is encoded once: what texts have in common costs no more than to look it up, be
 * it a beginning or not. A text is cut only where the tokens of the pieces are for sure those of the whole
 * (cut-places.ts), always counted from its beginning, so that texts that begin alike are cut alike.
 *
 * Added tokens are found before anything else, and what follows one depends on nothing before it; so a text is cut before
 * each, but not before one that takes away the white space there, or begins with some. What is before the first may be
 * encoded otherwise, and is always encoded as a beginning.
 */
export class SharedBeginnings {
  readonly #places: CutPlaces
  readonly #splitter: TokenSplitter
  readonly #encode: (text: string) => readonly number[]
  readonly #memory = new PieceMemory<readonly number[]>()

  /**
   * @param splitter finds the added tokens that are looked for before a text is normalised
   * @param encode a text without what the model expects around it
   */
  constructor(places: CutPlaces, splitter: TokenSplitter, encode: (text: string) => readonly number[]) {
    this.#places = places
    this.#splitter = splitter
    this.#encode = encode
  }

  /** The text's tokens, those of one piece after the other. */
  *encode(text: string): Generator<readonly number[], void, undefined> {
    let start = 0
    let inkFrom = 0
    for (const { token, at, end } of this.#splitter.find(text)) {
      if (token.lstrip || /^\s/.test(token.content)) continue
      if (at > start) yield* this.#pieces(text.slice(start, at), inkFrom, SIZES)
      start = at
      inkFrom = end - at
    }
    if (text.length > start) yield* this.#pieces(start === 0 ? text : text.slice(start), inkFrom, SIZES)
  }

  /** `inkFrom`: behind the added token at the beginning, which may take away white space after it. */
  *#pieces(text: string, inkFrom: number, [size, ...smaller]: readonly number[]): Generator<readonly number[]> {
    let start = 0
    for (let end = 0; start < text.length; start = end) {
      end = this.#places.atSpaces ? nextPlace(text, start, Math.max(start + size, inkFrom + 1)) : text.length
      // a lone space could not be left out
      if (end === text.length - 1 && this.#places.prependsSpace) end = text.length
      const isCut = start > 0 && this.#places.prependsSpace
      const piece = text.slice(isCut ? start + 1 : start, end)
      yield this.#memory.get(piece) ?? this.#remember(piece, start === 0 ? inkFrom : 0, smaller)
    }
  }

  #remember(piece: string, inkFrom: number, smaller: readonly number[]): readonly number[] {
    const isWhole = smaller.length === 0 || !this.#places.atSpaces
    const parts = isWhole ? [this.#encode(piece)] : [...this.#pieces(piece, inkFrom, smaller)]
    const ids = parts.length === 1 ? parts[0] : joined(parts)
    this.#memory.set(piece, ids)
    return ids
  }
}

/** The first space at `from` or later that follows ink, if that is in the piece too; else the end. */
function nextPlace(text: string, start: number, from: number): number {
  let at = text.indexOf(' ', from)
  while (at > start && !INK.test(text[at - 1])) at = text.indexOf(' ', at + 1)
  return at > start ? at : text.length
}
