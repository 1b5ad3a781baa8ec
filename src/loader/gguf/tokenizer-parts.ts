import type { JsonObject } from '../../core/json'

/** The part of a tokenizer.json in which the kinds of tokenizers differ. */
export interface TokenizerParts {
  /** Whether a text begins with BOS where the file does not say. */
  readonly addsBos: boolean
  readonly normalizer: JsonObject | null
  readonly pre_tokenizer: JsonObject | null
  readonly decoder: JsonObject
  /** Without type and vocabulary. */
  readonly model: JsonObject
}
