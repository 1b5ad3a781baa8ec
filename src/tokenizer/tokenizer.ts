import { Tokenizer as HuggingFaceTokenizer, type Model } from '@huggingface/tokenizers'
import { CoppiceError, InvalidRequest, UnsupportedModel } from '../core/errors'
import { joined } from '../core/joined'
import type { JsonObject } from '../core/json'
import { type AddedToken, addedTokens } from './added-tokens'
import { correctDecoder } from './correct-decoder'
import { cutPlaces } from './cut-places'
import { mostCharacters } from './longest-token'
import { type Normalizer, readNormalizer } from './normalizer'
import { type AddedAround, readPostProcessor, type Surroundings } from './post-processor'
import { type PreTokenizer, readPreTokenizer } from './pre-tokenizer'
import { configuredEnds, configuredPreTokenizer, runnableJson } from './runnable-json'
import { SharedBeginnings } from './shared-beginnings'
import { type SpecialTokens, specialTokens } from './special-tokens'
import { TokenSplitter } from './token-splitter'

export interface EncodeOptions {
  /** Put around the text what the model expects there, such as BOS. Default true. */
  readonly addSpecialTokens?: boolean
}

export interface DecodeOptions {
  /** Leave out beginnings, ends, role markers and the like. Default true. */
  readonly skipSpecialTokens?: boolean
}

type TokensByText = ReadonlyMap<string, AddedToken>

/** Text to token ids and back, by a Hugging Face tokenizer.json. */
export class Tokenizer {
  /** One more than the largest token id. A model may have more (padding, whose ids decode to nothing). */
  readonly vocabSize: number
  /** The same without the added tokens, which models need not have: any text may come to any of these. */
  readonly ordinaryVocabSize: number
  readonly specialTokens: SpecialTokens
  readonly #library: HuggingFaceTokenizer
  readonly #model: Model
  /** Added tokens by id: no Map, since files may have hundreds of thousands. */
  readonly #added: readonly (AddedToken | undefined)[]
  readonly #addedByContent: ReadonlyMap<string, AddedToken>
  readonly #splitter: TokenSplitter
  readonly #normalizedSplitter: TokenSplitter
  readonly #normalize: Normalizer
  readonly #preTokenize: PreTokenizer
  readonly #surroundings: Surroundings
  readonly #pieces: SharedBeginnings
  /** The parts of the tokenizer, as tokenizer.json and tokenizer_config.json say it together. */
  readonly #json: JsonObject
  #mostCharacters: number | undefined

  /**
   * Takes the contents of tokenizer.json and, if there is one, tokenizer_config.json.
   * @throws UnsupportedModel · CorruptCheckpoint, by the name of what cannot be run
   */
  constructor(json: Readonly<Record<string, unknown>>, config: Readonly<Record<string, unknown>> = {}) {
    try {
      this.#library = new HuggingFaceTokenizer(runnableJson(json), {})
    } catch (cause) {
      if (cause instanceof CoppiceError) throw cause
      const reason = cause instanceof Error ? cause.message : String(cause)
      throw new UnsupportedModel(`tokenizer.json is not one that @huggingface/tokenizers can run: ${reason}`, { cause })
    }
    correctDecoder(this.#library.decoder)
    this.#model = this.#library.model as Model
    this.#normalize = readNormalizer(json.normalizer)
    this.#json = { ...json, pre_tokenizer: configuredPreTokenizer(json, config) }
    this.#preTokenize = readPreTokenizer(this.#json.pre_tokenizer)
    this.#surroundings = readPostProcessor(configuredEnds(json, config))
    const ids = this.#model.tokens_to_ids
    this.#addedByContent = addedTokens(json, config, ids)
    const added = [...this.#addedByContent.values()]
    const [asWritten, asNormalized] = this.#byText(added, Boolean(json.normalizer))
    this.#splitter = new TokenSplitter(asWritten)
    this.#normalizedSplitter = new TokenSplitter(asNormalized)
    const places = cutPlaces(this.#json, added)
    this.#pieces = new SharedBeginnings(places, this.#splitter, piece => this.encodeWhole(piece))
    let largest = -1
    for (const { id } of added) largest = Math.max(largest, id)
    for (const id of ids.values()) largest = Math.max(largest, id)
    const byId = new Array<AddedToken | undefined>(largest + 1)
    for (const token of added) byId[token.id] = token
    this.#added = byId
    let largestOrdinary = -1
    for (const id of ids.values()) if (id > largestOrdinary && !byId[id]) largestOrdinary = id
    this.vocabSize = largest + 1
    this.ordinaryVocabSize = largestOrdinary + 1
    this.specialTokens = specialTokens(config)
  }

  /** Added tokens found in a text as it is, and those found in the normalized one, by what they are there. */
  #byText(added: readonly AddedToken[], isNormalized: boolean): [asWritten: TokensByText, asNormalized: TokensByText] {
    if (!isNormalized || !added.some(({ normalized }) => normalized)) return [this.#addedByContent, new Map()]
    const [asWritten, asNormalized]: Map<string, AddedToken>[] = [new Map(), new Map()]
    for (const token of added) {
      if (token.normalized) asNormalized.set(this.#normalize(token.content), token)
      else asWritten.set(token.content, token)
    }
    asNormalized.delete('')
    return [asWritten, asNormalized]
  }

  /**
   * Special tokens written out in `text` become those tokens, halves of surrogate pairs U+FFFD. `addSpecialTokens`
   * (default true) adds what the model expects around a plain text, such as BOS; a chat template writes its own, so
   * encode its output with false. `InvalidRequest` for a text that the vocabulary or the library cannot take.
   * Ids are whole numbers from 0 to below `vocabSize`, which a model's own vocabulary may be smaller than.
   */
  encode(text: string, options?: EncodeOptions): number[] {
    return joined([...this.encodeInParts(text, options)])
  }

  /** The same ids in parts, of about a word to some hundred characters each where the tokenizer cuts texts at spaces. */
  *encodeInParts(text: string, { addSpecialTokens = true }: EncodeOptions = {}): Generator<readonly number[]> {
    if (addSpecialTokens) yield this.#surroundings.before.map(token => this.#idAround(token))
    yield* this.#pieces.encode(text.replace(/\p{Surrogate}/gu, '\ufffd'))
    if (addSpecialTokens) yield this.#surroundings.after.map(token => this.#idAround(token))
  }

  /**
   * So many tokens a text has at least, as its length alone tells: no token is longer than the longest. 0 if nothing can
   * be told.
   */
  minTokens(text: string): number {
    this.#mostCharacters ??= mostCharacters(this.#json, [...this.#addedByContent.values()])
    return Math.ceil(text.length / this.#mostCharacters)
  }

  /** A text's ids without what the model expects around it, of the whole text at once: what `encode` gives, and more slowly. */
  encodeWhole(text: string): number[] {
    const ids: number[] = []
    let isFirst = true
    for (const section of this.#splitter.split(text)) {
      if (typeof section !== 'string') ids.push(section.id)
      else {
        for (const part of this.#normalizedSplitter.split(this.#normalize(section))) {
          if (typeof part !== 'string') ids.push(part.id)
          else for (const word of this.#preTokenize(part, isFirst)) this.#encodeWord(word, ids)
          isFirst = false
        }
      }
      isFirst = false
    }
    return ids
  }

  #encodeWord(word: string, ids: number[]): void {
    for (const token of this.#tokensOf(word)) {
      const id = this.#model.tokens_to_ids.get(token) ?? this.#model.unk_token_id
      if (id === undefined || id === null) throw unknown(token)
      ids.push(id)
    }
  }

  #tokensOf(word: string): string[] {
    try {
      return this.#model([word])
    } catch (cause) {
      // version 0.2.0 of the library passes the tokens of a Unigram's word as arguments
      if (!(cause instanceof RangeError)) throw cause
      throw new InvalidRequest(
        `A text has a word of ${word.length} characters, which are more tokens than the tokenizer can hold.`,
        { cause },
      )
    }
  }

  #idAround({ token, id }: AddedAround): number {
    const known = id ?? this.tokenId(token)
    if (known === undefined) throw unknown(token)
    return known
  }

  /**
   * The text of `ids`. Spaces stay as the tokens have them: `clean_up_tokenization_spaces` of tokenizer_config.json,
   * which would delete those before punctuation, is not applied, since it spoils code and cannot be streamed.
   */
  decode(ids: readonly number[], { skipSpecialTokens = true }: DecodeOptions = {}): string {
    const tokens = ids.flatMap(id => (this.isVisible(id, skipSpecialTokens) ? this.token(id) : undefined) ?? [])
    if (tokens.length === 0) return ''
    return this.#library.decoder?.decode(tokens) ?? tokens.join(' ')
  }

  /** Whether `decode` makes text of a token: not if it is special and skipped, empty, or beyond the vocabulary. */
  isVisible(id: number, skipSpecialTokens = true): boolean {
    return Boolean(this.token(id)) && !(skipSpecialTokens && this.#added[id]?.special)
  }

  /** The same as one to which no token is special. */
  get withSpecialTokens(): Pick<Tokenizer, 'decode' | 'isVisible' | 'token'> {
    return {
      decode: ids => this.decode(ids, { skipSpecialTokens: false }),
      isVisible: id => this.isVisible(id, false),
      token: id => this.token(id),
    }
  }

  /** The id of a token given as it stands in the vocabulary (`</s>`); undefined if there is none. */
  tokenId(token: string): number | undefined {
    return this.#addedByContent.get(token)?.id ?? this.#model.tokens_to_ids.get(token)
  }

  /** A token as it stands in the vocabulary; undefined if there is none with this id. */
  token(id: number): string | undefined {
    return this.#added[id]?.content ?? this.#model.vocab[id]
  }
}

function unknown(token: string): InvalidRequest {
  return new InvalidRequest(`The model's vocabulary has no token for ${JSON.stringify(token)}.`)
}
