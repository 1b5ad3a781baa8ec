import type { JsonObject } from '../../core/json'
import type { ModelConfig } from '../../core/model-config'
import type { Fields } from '../config/fields'
import type { NumberList } from '../gguf/metadata'

/** A `ModelConfig` without what is read alike for all architectures. */
export type Decoder = Omit<ModelConfig, 'architecture' | 'leavesOut' | 'bosTokenId' | 'eosTokenIds'>

/** A reader of an architecture's config.json. To add one: a file with its `Architecture`, and a line in index.ts. */
export interface Architecture {
  /** The names that it has in config.json's `architectures`. */
  readonly names: readonly string[]
  /**
   * The fields that count, those that its class in transformers reads: all others are absent for `describe` and whatever it
   * calls.
   */
  readonly reads: readonly string[]
  /** Names that fields have in a Llama's config.json → names that they have here. */
  readonly aliases?: Readonly<Record<string, string>>
  /** Fields of which only one value can be run: the one that changes nothing. */
  readonly only?: JsonObject
  /** Fields besides those of irrelevant-fields.ts and shared-fields.ts that do not change what it computes. */
  readonly irrelevant?: readonly string[]
  /** The form of its GGUF files, if it has a name of its own there. */
  readonly gguf?: GgufVariant
  describe(fields: Fields): Decoder
}

/** The form of an architecture's GGUF files, beyond what is the same for all (gguf/config.ts, gguf/tensor-names.ts). */
export interface GgufVariant {
  /** The file's `general.architecture`, with which the names of its fields begin. */
  readonly name: string
  /** Whether rows of q and k are in the order in which RoPE turns neighbours (gguf/head-order.ts). */
  readonly turnsNeighbours?: boolean
  /** Whether `rope.dimension_count` may be less than a head. */
  readonly turnsPart?: boolean
  /** Fields of config.json besides those of every architecture. */
  config?(model: GgufDescription): JsonObject
}

/** The description of a model in a GGUF file, its fields by their names without the architecture's. */
export interface GgufDescription {
  readonly fields: Fields
  readonly hiddenSize: number
  readonly numLayers: number
  readonly numHeads: number
  readonly headDim: number
  hasTensor(name: string): boolean
  /** A field that is a list of a number for each layer; undefined if it is none. */
  perLayer(name: string): NumberList | undefined
}
