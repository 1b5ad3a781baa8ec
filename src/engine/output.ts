import type { Drawn } from '../core/batch'
import type { CoppiceError } from '../core/errors'
import type { Sequence } from '../core/sequence'
import { Detokenizer } from '../tokenizer/detokenizer'
import { StopStrings } from '../tokenizer/stop-strings'
import type { Tokenizer } from '../tokenizer/tokenizer'
import type { GenerationResult, TokenLogprob } from './generation'
import { Readings } from './readings'
import { TokenTexts } from './token-texts'

/** The output of a sequence so far: its tokens as text, up to a stop string. */
export class Output {
  #text = ''
  readonly #tokenIds: number[] = []
  readonly #detokenizer: Detokenizer
  readonly #stop: StopStrings
  #isStopped = false
  readonly #logprobs: TokenLogprob[] | undefined
  readonly #tokenTexts: TokenTexts
  readonly #readings: Readings | undefined
  /** Tokens whose text nobody has asked for yet; where nobody asks before the end, all are decoded then, at once. */
  readonly #unread: number[] = []

  constructor(
    readonly index: number,
    readonly sequence: Sequence,
    tokenizer: Tokenizer,
    /** Called with each piece of text that is certain: no half characters, no beginnings of stop strings. */
    readonly onText?: (text: string) => void,
  ) {
    const { skipSpecialTokens } = sequence.params
    this.#detokenizer = new Detokenizer(tokenizer, { skipSpecialTokens })
    this.#stop = new StopStrings(sequence.params.stop)
    this.#tokenTexts = new TokenTexts(skipSpecialTokens ? tokenizer : tokenizer.withSpecialTokens)
    this.#logprobs = sequence.params.logprobs === undefined ? undefined : []
    this.#readings = sequence.reads && new Readings(sequence, tokenizer)
  }

  /**
   * Adds what came of a place: a drawn token, of which an end of sequence adds no text, or what was read in the prompt. Returns
   * true if the text has reached a stop string.
   */
  push(drawn: Drawn, position: number): boolean {
    const { tokenId } = drawn
    this.#readings?.add(drawn, position)
    if (position < this.sequence.promptLen || drawn.vector) return false
    this.#tokenIds.push(tokenId)
    if (drawn.logprob !== undefined) this.#logprobs?.push(this.#tokenTexts.next(drawn))
    if (this.sequence.isEnd(tokenId)) return false
    if (this.onText || this.sequence.params.stop.length > 0) return this.#emit(this.#detokenizer.push(tokenId))
    this.#unread.push(tokenId)
    return false
  }

  /** The result, once the sequence is finished. */
  result(error?: CoppiceError): GenerationResult {
    const { index, sequence } = this
    if (this.#unread.length > 0) {
      const { tokenizer, options } = this.#detokenizer
      this.#text = tokenizer.decode(this.#unread, options)
    } else if (!this.#isStopped && !this.#emit(this.#detokenizer.flush())) this.#say(this.#stop.flush())
    const { promptLen, numCached = 0, finishReason } = sequence
    return {
      index,
      text: this.#text,
      tokenIds: this.#tokenIds,
      promptTokenIds: sequence.tokens.slice(0, promptLen),
      // a stop string may end with the last token that is allowed
      finishReason: this.#isStopped ? 'stop' : (finishReason ?? 'error'),
      logprobs: this.#logprobs,
      ...(finishReason !== 'abort' && finishReason !== 'error' && this.#readings?.result()),
      usage: { promptTokens: promptLen, completionTokens: this.#tokenIds.length, cachedTokens: numCached },
      error,
    }
  }

  #emit(text: string): boolean {
    const { emit, stopped } = this.#stop.push(text)
    this.#say(emit)
    this.#isStopped = stopped
    return stopped
  }

  #say(text: string): void {
    if (text === '') return
    this.#text += text
    this.onText?.(text)
  }
}
