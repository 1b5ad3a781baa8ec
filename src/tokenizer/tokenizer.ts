import {
  ByteFallbackDecoder,
  type Decoder,
  Tokenizer as HuggingFaceTokenizer,
  SequenceDecoder,
} from '@huggingface/tokenizers'
import { CoppiceError, InvalidRequest, UnsupportedModel } from '../core/errors'
import { runnableJson } from './runnable-json'
import { type SpecialTokens, specialTokens } from './special-tokens'

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

  /** Takes the contents of tokenizer.json and, if there is one, tokenizer_config.json. */
  constructor(json: Readonly<Record<string, unknown>>, config: Readonly<Record<string, unknown>> = {}) {
    try {
      this.#tokenizer = new HuggingFaceTokenizer(runnableJson(json, config), config)
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
  }

  /**
   * Special tokens written out in `text` become those tokens, halves of surrogate pairs U+FFFD. `addSpecialTokens`
   * (default true) adds what the model expects around a plain text, such as BOS; a chat template writes its own, so
   * encode its output with false. `InvalidRequest` for a text that the vocabulary or the library cannot take.
   */
  encode(text: string, { addSpecialTokens = true }: { readonly addSpecialTokens?: boolean } = {}): number[] {
    const { ids, tokens } = this.#encode(text.replace(/\p{Surrogate}/gu, '\ufffd'), addSpecialTokens)
    const unknown = ids.findIndex(id => !Number.isInteger(id))
    if (unknown >= 0)
      throw new InvalidRequest(`The model's vocabulary has no token for ${JSON.stringify(tokens[unknown])}.`)
    return ids
  }

  #encode(text: string, addSpecialTokens: boolean): { ids: number[]; tokens: string[] } {
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

/** Version 0.2.0 of the library drops U+FEFF where a text has it as three byte tokens. */
function keepByteOrderMarks(decoder: Decoder | null): void {
  if (decoder instanceof SequenceDecoder) decoder.decoders.forEach(keepByteOrderMarks)
  if (decoder instanceof ByteFallbackDecoder) decoder.text_decoder = new TextDecoder('utf-8', { ignoreBOM: true })
}
