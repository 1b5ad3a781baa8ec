import { assert } from '../core/assert'
import type { Constraint } from '../core/constraint'
import type { ModelConfig } from '../core/model-config'
import type { SamplingParams } from '../core/sampling-params'
import { inSlices } from '../core/work'
import type { Grammars } from '../grammar/grammars'
import type { Tokenizer } from '../tokenizer/tokenizer'

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
  constraint({ structuredOutputs, ignoreEos, skipSpecialTokens }: SamplingParams): Constraint | undefined {
    if (!structuredOutputs) return undefined
    assert(this.#grammars !== undefined, 'grammars are not loaded')
    return this.#grammars.row(structuredOutputs, !ignoreEos, !skipSpecialTokens)
  }

  async #load(): Promise<Grammars> {
    try {
      const { readGrammars } = await import('./grammars')
      return await inSlices(readGrammars(this.#tokenizer, this.#config))
    } catch (error) {
      // a part that did not arrive is asked for again
      this.#loading = undefined
      throw error
    }
  }
}
