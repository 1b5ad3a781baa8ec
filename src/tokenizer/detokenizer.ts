import type { DecodeOptions, Tokenizer } from './tokenizer'

/**
 * Tokens that a window keeps when it is cut. A token's text depends on those before it in two ways only. Its bytes may
 * end a UTF-8 character that began up to 3 bytes, hence at most 3 tokens, earlier; and the first token of a text may
 * lose its leading space (SentencePiece). One more token than 3 makes a window right in both.
 */
const CONTEXT_TOKENS = 4

/** A longer window is cut; the length weighs how much each push decodes against how often there is a cut. */
const MAX_WINDOW_TOKENS = 16

/** The text of an incomplete character, however many of its bytes there are. */
const REPLACEMENT = '\ufffd'

/**
 * Turns a growing list of tokens into text as it grows: the texts of all `push`es and the `flush` joined are exactly
 * `tokenizer.decode` of all tokens. No text ends within a character. A push costs the same however long the list is.
 */
export class Detokenizer {
  /** The last few tokens. */
  #window: number[] = []
  /** Characters of the window's text that have been returned. */
  #returned = 0

  constructor(
    readonly tokenizer: Tokenizer,
    readonly options: DecodeOptions = {},
  ) {}

  /** The text that `tokenId` adds; empty while a character is incomplete. */
  push(tokenId: number): string {
    if (!this.tokenizer.isVisible(tokenId, this.options.skipSpecialTokens)) return ''
    this.#window.push(tokenId)
    const text = this.#decodeWindow()
    // One replacement character at the end may be a character whose other bytes are still to come.
    const end = text.endsWith(REPLACEMENT) ? text.length - 1 : text.length
    const delta = text.slice(this.#returned, end)
    this.#returned = end
    if (this.#window.length > MAX_WINDOW_TOKENS) this.#cut(text.length - end)
    return delta
  }

  /** The rest, after the last token: replacement characters for what never became complete. */
  flush(): string {
    const delta = this.#decodeWindow().slice(this.#returned)
    this.#window = []
    this.#returned = 0
    return delta
  }

  /** Forgets all but the last tokens; `held` characters at the end have not been returned. */
  #cut(held: number): void {
    this.#window = this.#window.slice(-CONTEXT_TOKENS)
    this.#returned = this.#decodeWindow().length - held
  }

  #decodeWindow(): string {
    return this.tokenizer.decode(this.#window, this.options)
  }
}
