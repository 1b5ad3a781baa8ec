import {
  ByteFallbackDecoder,
  type Decoder,
  Tokenizer as HuggingFaceTokenizer,
  SequenceDecoder,
} from '@huggingface/tokenizers'
import { CoppiceError, InvalidRequest, UnsupportedModel } from '../core/errors'
import type { Json } from './json'
import { mostCharacters } from './longest-token'
import { runnableJson } from './runnable-json'
import { joined, SharedBeginnings } from './shared-beginnings'
import { type SpecialTokens, specialTokens } from './special-tokens'

export interface EncodeOptions {
  readonly addSpecialTokens?: boolean
}

export interface DecodeOptions {
  /** Leave out beginnings, ends, role markers and the like. Default true. */
  readonly skipSpecialTokens?: boolean
}

/** Text to token ids and back, by a Hugging Face tokenizer.json. */
export class Tokenizer {
  /** One more than the largest token id. A model may have more (padding, whose ids decode to nothing). */
  readonly vocabSize: number
  readonly specialTokens: SpecialTokens
  readonly #tokenizer: HuggingFaceTokenizer
  readonly #specialIds: ReadonlySet<number>
  readonly #pieces: SharedBeginnings
  readonly #json: Json
  readonly #config: Json
  #mostCharacters: number | undefined
  /** Ids that `addSpecialTokens` puts before and after a text; undefined if it does anything else. */
  readonly #ends: readonly [readonly number[], readonly number[]] | undefined

  /** Takes the contents of tokenizer.json and, if there is one, tokenizer_config.json. */
  constructor(json: Readonly<Record<string, unknown>>, config: Readonly<Record<string, unknown>> = {}) {
    let runnable: Json
    try {
      runnable = runnableJson(json, config)
      this.#tokenizer = new HuggingFaceTokenizer(runnable, config)
    } catch (cause) {
      if (cause instanceof CoppiceError) throw cause
      const reason = cause instanceof Error ? cause.message : String(cause)
      throw new UnsupportedModel(`tokenizer.json is not one that @huggingface/tokenizers can run: ${reason}`, { cause })
    }
    keepByteOrderMarks(this.#tokenizer.decoder)
    let largestId = -1
    for (const id of this.#tokenizer.get_vocab().values()) largestId = Math.max(largestId, id)
    this.vocabSize = largestId + 1
    this.specialTokens = specialTokens(config)
    const added = [...this.#tokenizer.get_added_tokens_decoder()]
    this.#specialIds = new Set(added.filter(([, token]) => token.special).map(([id]) => id))
    this.#pieces = new SharedBeginnings(json, runnable, config, piece => this.#encode(piece, false))
    this.#ends = this.#findEnds()
    this.#json = runnable
    this.#config = config
  }

  /**
   * Special tokens written out in `text` become those tokens, halves of surrogate pairs U+FFFD. `addSpecialTokens`
   * (default true) adds what the model expects around a plain text, such as BOS; a chat template writes its own, so
   * encode its output with false. `InvalidRequest` for a text that the vocabulary or the library cannot take.
   */
  encode(text: string, options?: EncodeOptions): number[] {
    return joined([...this.encodeInParts(text, options)])
  }

  /** The same ids in parts, of about a word to some hundred characters each where the tokenizer cuts texts at spaces. */
  *encodeInParts(text: string, { addSpecialTokens = true }: EncodeOptions = {}): Generator<readonly number[]> {
    const wellFormed = text.replace(/\p{Surrogate}/gu, '\ufffd')
    if (!this.#ends) {
      yield this.#encode(wellFormed, addSpecialTokens)
      return
    }
    const [before, after] = this.#ends
    if (addSpecialTokens) yield before
    yield* this.#pieces.encode(wellFormed)
    if (addSpecialTokens) yield after
  }

  /**
   * So many tokens a text has at least, as its length alone tells: no token is longer than the longest. 0 if nothing can
   * be told.
   */
  minTokens(text: string): number {
    this.#mostCharacters ??= mostCharacters(this.#json, this.#config)
    return Math.ceil(text.length / this.#mostCharacters)
  }

  #findEnds(): readonly [readonly number[], readonly number[]] | undefined {
    const { post_processor: processor } = this.#tokenizer
    if (!processor) return [[], []]
    const [plain, whole] = [false, true].map(adds => processor.post_process([TEXT], null, adds).tokens)
    const at = whole.indexOf(TEXT)
    if (plain.join() !== TEXT || at < 0 || whole.includes(TEXT, at + 1)) return undefined
    const ids = whole.map(token => this.tokenId(token) ?? -1)
    const ends = [ids.slice(0, at), ids.slice(at + 1)] as const
    return ends.flat().includes(-1) ? undefined : ends
  }

  #encode(text: string, addSpecialTokens: boolean): number[] {
    const { ids, tokens } = this.#run(text, addSpecialTokens)
    const unknown = ids.findIndex(id => !Number.isInteger(id))
    if (unknown >= 0)
      throw new InvalidRequest(`The model's vocabulary has no token for ${JSON.stringify(tokens[unknown])}.`)
    return ids
  }

  #run(text: string, addSpecialTokens: boolean): { ids: number[]; tokens: string[] } {
    try {
      return this.#tokenizer.encode(text, { add_special_tokens: addSpecialTokens })
    } catch (cause) {
      // version 0.2.0 of the library passes the tokens of a Unigram's word as arguments
      if (!(cause instanceof RangeError)) throw cause
      throw new InvalidRequest(
        `A text of ${text.length} characters has a word of more tokens than the tokenizer can hold.`,
        { cause },
      )
    }
  }

  /**
   * The text of `ids`. Spaces stay as the tokens have them: `clean_up_tokenization_spaces` of tokenizer_config.json,
   * which would delete those before punctuation, is not applied, since it spoils code and cannot be streamed.
   */
  decode(ids: readonly number[], { skipSpecialTokens = true }: DecodeOptions = {}): string {
    const visible = ids.filter(id => this.isVisible(id, skipSpecialTokens))
    return visible.length === 0 ? '' : this.#tokenizer.decode(visible, { clean_up_tokenization_spaces: false })
  }

  /** Whether `decode` makes text of a token: not if it is special and skipped, empty, or beyond the vocabulary. */
  isVisible(id: number, skipSpecialTokens = true): boolean {
    return Boolean(this.#tokenizer.id_to_token(id)) && !(skipSpecialTokens && this.#specialIds.has(id))
  }

  /** A token as it stands in the vocabulary; undefined if there is none with this id. */
  token(id: number): string | undefined {
    return this.#tokenizer.id_to_token(id)
  }

  /** The id of a token given as it stands in the vocabulary (`</s>`); undefined if there is none. */
  tokenId(token: string): number | undefined {
    return this.#tokenizer.token_to_id(token)
  }
}

/** What stands for a text among its ends: no token. */
const TEXT = '\ufffftext'

/** Version 0.2.0 of the library drops U+FEFF where a text has it as three byte tokens. */
function keepByteOrderMarks(decoder: Decoder | null): void {
  if (decoder instanceof SequenceDecoder) decoder.decoders.forEach(keepByteOrderMarks)
  if (decoder instanceof ByteFallbackDecoder) decoder.text_decoder = new TextDecoder('utf-8', { ignoreBOM: true })
}
