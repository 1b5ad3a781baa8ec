import { type Json, objects } from './json'

/** Those of a tokenizer.json's added tokens that are found in texts before these are normalised. */
export class AddedTokens {
  /** By first character: which lengths there are, longest first. */
  readonly #lengths = new Map<string, number[]>()
  readonly #contents = new Map<string, Json>()
  readonly #firstCharacter: RegExp | undefined

  /** @param runnable a tokenizer.json as the library runs it */
  constructor(runnable: Json) {
    for (const token of objects(runnable.added_tokens)) {
      const { content, normalized, special } = token
      const isNormalized = runnable.normalizer !== null && (normalized ?? !special)
      if (typeof content === 'string' && content !== '' && !isNormalized) this.#contents.set(content, token)
    }
    const lengths = new Map<string, Set<number>>()
    for (const content of this.#contents.keys()) {
      const [first, length] = [content.charAt(0), content.length]
      const ofFirst = lengths.get(first)
      if (ofFirst) ofFirst.add(length)
      else lengths.set(first, new Set([length]))
    }
    for (const [first, all] of lengths)
      this.#lengths.set(
        first,
        [...all].sort((a, b) => b - a),
      )
    const codes = [...lengths.keys()].map(first => `\\u${first.charCodeAt(0).toString(16).padStart(4, '0')}`)
    // units and not characters: the library finds them so
    this.#firstCharacter = codes.length > 0 ? new RegExp(`[${codes.join('')}]`, 'g') : undefined
  }

  /** Where they stand in a text, in order: of those that begin at the same place the longest, as the library has it. */
  *find(text: string): Generator<{ readonly at: number; readonly token: Json; readonly length: number }> {
    const pattern = this.#firstCharacter
    if (!pattern) return
    for (let from = 0; ; ) {
      pattern.lastIndex = from
      const at = pattern.exec(text)?.index
      if (at === undefined) return
      const length = (this.#lengths.get(text[at]) ?? []).find(each => this.#contents.has(text.slice(at, at + each)))
      const token = length && this.#contents.get(text.slice(at, at + length))
      if (token && length) yield { at, token, length }
      from = at + (length ?? 1)
    }
  }
}
