import type { Drawn } from '../core/batch'
import type { Sequence } from '../core/sequence'
import type { Tokenizer } from '../tokenizer/tokenizer'
import type { GenerationResult } from './generation'
import { TokenTexts } from './token-texts'

/** What was read in a prompt so far. A place may come twice: a sequence that gives way computes again. */
export class Readings {
  /** By position; of a mean, the last. */
  readonly #places = new Map<number, Drawn>()
  readonly #sequence: Sequence
  readonly #tokenizer: Tokenizer
  /** [hiddenSize] Of the vectors so far, each once. */
  #sum: Float64Array | undefined

  constructor(sequence: Sequence, tokenizer: Tokenizer) {
    this.#sequence = sequence
    this.#tokenizer = tokenizer
  }

  add(drawn: Drawn, position: number): void {
    const { vector } = drawn
    if (!vector) this.#places.set(position, drawn)
    else if (!this.#places.has(position)) {
      this.#places.set(position, { tokenId: 0 })
      this.#sum ??= new Float64Array(vector.length)
      for (let index = 0; index < vector.length; index++) this.#sum[index] += vector[index]
    }
  }

  /** All of it, once the sequence has reached its end. */
  result(): Pick<GenerationResult, 'promptLogprobs' | 'scores' | 'embedding'> {
    const { params } = this.#sequence
    if (this.#sum) return { embedding: Float32Array.from(this.#sum, value => value / this.#places.size) }
    if (params.scored) {
      return { scores: params.scored.map(({ position }) => [...(this.#places.get(position)?.scores ?? [])]) }
    }
    return { promptLogprobs: this.#promptLogprobs() }
  }

  #promptLogprobs(): GenerationResult['promptLogprobs'] {
    const { tokens, promptLen } = this.#sequence
    const texts = new TokenTexts(this.#tokenizer)
    return tokens.slice(0, promptLen).map((tokenId, position) => {
      const { topLogprobs, scores } = this.#places.get(position) ?? {}
      const scored = texts.next({ tokenId, logprob: scores?.[0], topLogprobs })
      return position === 0 ? undefined : scored
    })
  }
}
