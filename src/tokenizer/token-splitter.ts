import type { AddedToken } from './added-tokens'

/** A text between added tokens, or one of them. */
export type Section = string | AddedToken

/** Finds added tokens in texts: from left to right, of those that begin at a place the longest. */
export class TokenSplitter {
  /** What is looked for, in order of code units, and the tokens. */
  readonly #contents: readonly string[]
  readonly #tokens: readonly AddedToken[]
  /** First code unit → where in the list contents that begin with it begin and end. */
  readonly #ranges = new Map<number, readonly [begin: number, end: number]>()

  /** `contentOf`: what stands in the text for a token; nothing is found for an empty one. */
  constructor(tokens: readonly AddedToken[], contentOf: (token: AddedToken) => string = token => token.content) {
    const byContent = new Map(tokens.map(token => [contentOf(token), token]))
    byContent.delete('')
    this.#contents = [...byContent.keys()].sort((a, b) => (a < b ? -1 : 1))
    this.#tokens = this.#contents.map(content => byContent.get(content) as AddedToken)
    for (const [index, content] of this.#contents.entries()) {
      const unit = content.charCodeAt(0)
      this.#ranges.set(unit, [this.#ranges.get(unit)?.[0] ?? index, index + 1])
    }
  }

  split(text: string): Section[] {
    const sections: Section[] = []
    let begin = 0
    for (let at = 0; at < text.length; ) {
      const found = this.#longestAt(text, at)
      if (found === undefined) {
        at++
        continue
      }
      const token = this.#tokens[found]
      const from = at
      at += this.#contents[found].length
      const before = token.lstrip ? trimEnd(text, begin, from) : from
      if (begin < before) sections.push(text.slice(begin, before))
      sections.push(token)
      // another token may begin in the white space that this one takes
      begin = token.rstrip ? trimStart(text, at) : at
    }
    if (begin < text.length) sections.push(text.slice(begin))
    return sections
  }

  /** Narrows the contents down to those that begin as the text does, code unit by code unit. */
  #longestAt(text: string, at: number): number | undefined {
    const range = this.#ranges.get(text.charCodeAt(at))
    if (!range) return undefined
    let [begin, end] = range
    let found: number | undefined
    for (let length = 1; begin < end; length++) {
      // of contents with the same beginning the shortest is the first
      if (this.#contents[begin].length === length) found = begin++
      if (at + length >= text.length) break
      const unit = text.charCodeAt(at + length)
      begin = this.#firstFrom(begin, end, length, unit)
      end = this.#firstFrom(begin, end, length, unit + 1)
    }
    return found
  }

  /** The first of the contents from `begin` to `end` whose code unit at `place` is not below `unit`. */
  #firstFrom(begin: number, end: number, place: number, unit: number): number {
    let [low, high] = [begin, end]
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.#contents[middle].charCodeAt(place) < unit) low = middle + 1
      else high = middle
    }
    return low
  }
}

const SPACE = /\p{White_Space}/u

function trimEnd(text: string, begin: number, end: number): number {
  let at = end
  while (at > begin && SPACE.test(text[at - 1])) at--
  return at
}

function trimStart(text: string, begin: number): number {
  let at = begin
  while (at < text.length && SPACE.test(text[at])) at++
  return at
}
