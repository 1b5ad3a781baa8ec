import type { AddedToken } from './added-tokens'

/** A part of a text: an added token, or the text between two. */
export type Section = string | AddedToken

/** Finds added tokens in texts: from left to right, of those that begin at a place the longest. */
export class TokenSplitter {
  /** Contents of the tokens, in order of code units. */
  readonly #contents: readonly string[]
  /** First code unit → the range of the list in which contents begin with it. */
  readonly #ranges = new Map<number, readonly [begin: number, end: number]>()
  /** Matches any of those code units; undefined if nothing is looked for. */
  readonly #first: RegExp | undefined

  /** `tokens`: added tokens by their contents in texts, which are never empty. */
  constructor(readonly tokens: ReadonlyMap<string, AddedToken>) {
    this.#contents = [...tokens.keys()].sort()
    const unitAt = (index: number) => this.#contents[index]?.charCodeAt(0)
    for (let begin = 0, index = 1; index <= this.#contents.length; index++) {
      if (unitAt(index) === unitAt(begin)) continue
      this.#ranges.set(unitAt(begin), [begin, index])
      begin = index
    }
    const units = [...this.#ranges.keys()].map(unit => `\\u${unit.toString(16).padStart(4, '0')}`)
    // of units and not of characters: contents are compared by these
    this.#first = units.length > 0 ? new RegExp(`[${units.join('')}]`, 'g') : undefined
  }

  split(text: string): Section[] {
    const sections: Section[] = []
    let begin = 0
    for (const { token, at, end } of this.find(text)) {
      const before = token.lstrip ? trimEnd(text, begin, at) : at
      if (begin < before) sections.push(text.slice(begin, before))
      sections.push(token)
      // another token may begin in the white space that this one takes
      begin = token.rstrip ? trimStart(text, end) : end
    }
    if (begin < text.length) sections.push(text.slice(begin))
    return sections
  }

  /** The places of the tokens, in order, the white space that they take not counted. */
  *find(text: string): Generator<{ readonly token: AddedToken; readonly at: number; readonly end: number }> {
    const first = this.#first
    if (!first) return
    for (let from = 0; ; ) {
      first.lastIndex = from
      const at = first.exec(text)?.index
      if (at === undefined) return
      const found = this.#longestAt(text, at)
      from = at + 1
      if (found === undefined) continue
      const content = this.#contents[found]
      from = at + content.length
      yield { token: this.tokens.get(content) as AddedToken, at, end: from }
    }
  }

  /** Index of the longest content that the text has at `at`, found code unit by code unit; undefined if there is none. */
  #longestAt(text: string, at: number): number | undefined {
    const range = this.#ranges.get(text.charCodeAt(at))
    if (!range) return undefined
    let [begin, end] = range
    let found: number | undefined
    for (let length = 1; begin < end; length++) {
      if (end - begin === 1) return text.startsWith(this.#contents[begin], at) ? begin : found
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
