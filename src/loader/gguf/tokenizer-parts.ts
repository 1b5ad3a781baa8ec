import type { JsonObject } from '../../core/json'

/** The part of a tokenizer.json in which the kinds of tokenizers differ. */
export interface TokenizerParts {
  /** Whether a text begins with BOS if the file has no field for that. */
  readonly addsBos: boolean
  readonly normalizer: JsonObject | null
  readonly pre_tokenizer: JsonObject | null
  readonly decoder: JsonObject
  /** The model without type and vocabulary. */
  readonly model: JsonObject
}
