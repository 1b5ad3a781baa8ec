import type { ModelConfig } from '../../core/model-config'
import type { Fields } from '../fields'

/** A `ModelConfig` without what is read alike for all architectures. */
export type Decoder = Omit<ModelConfig, 'architecture' | 'bosTokenId' | 'eosTokenIds'>

/** How the config.json of an architecture is read. To add one: a file with its `Architecture`, and a line in index.ts. */
export interface Architecture {
  /** Its names in config.json's `architectures`. */
  readonly names: readonly string[]
  /** Names that fields have for a Llama → those that they have here. */
  readonly aliases?: Readonly<Record<string, string>>
  /** Fields besides those of irrelevant-fields.ts that do not change what it computes. */
  readonly irrelevant?: readonly string[]
  /** Buffers that checkpoints hold besides weights. */
  readonly buffers?: RegExp
  describe(fields: Fields): Decoder
}
