import { assert } from '../core/assert'
import type { Constraint } from '../core/constraint'
import type { ModelConfig } from '../core/model-config'
import type { SamplingParams } from '../core/sampling-params'
import { inSlices } from '../core/work'
import type { Grammars } from '../grammar/grammars'
import type { Tokenizer } from '../tokenizer/tokenizer'
import { readVocabulary } from './vocabulary'

/** What an engine's answers are held to; the code for that is loaded, and the vocabulary read, when it is first asked for. */
export class StructuredOutputsReader {
  readonly #tokenizer: Tokenizer
  readonly #config: ModelConfig
  #loading: Promise<Grammars> | undefined
  #grammars: Grammars | undefined

  constructor(tokenizer: Tokenizer, config: ModelConfig) {
    this.#tokenizer = tokenizer
    this.#config = config
  }

  /** Resolves once constraints can be made. */
  async load(): Promise<void> {
    this.#loading ??= this.#load()
    this.#grammars = await this.#loading
  }

  /** The constraint of a new sequence; undefined if its parameters ask for none. @throws InvalidRequest */
  constraint({ structuredOutputs, ignoreEos }: SamplingParams): Constraint | undefined {
    if (!structuredOutputs) return undefined
    assert(this.#grammars !== undefined, 'Structured outputs are read before their code is loaded.')
    return this.#grammars.row(structuredOutputs, !ignoreEos)
  }

  async #load(): Promise<Grammars> {
    try {
      const { Grammars } = await import('../grammar/grammars')
      const { vocabSize, eosTokenIds } = this.#config
      const vocabulary = await inSlices(readVocabulary(this.#tokenizer, vocabSize))
      return await inSlices(Grammars.of(vocabulary, eosTokenIds))
    } catch (error) {
      // a part that did not arrive is asked for again
      this.#loading = undefined
      throw error
    }
  }
}
