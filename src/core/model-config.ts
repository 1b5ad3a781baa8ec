/** RoPE frequency scaling, as in Hugging Face's `rope_scaling`. */
export type RopeScaling =
  | { readonly type: 'default' }
  | { readonly type: 'linear'; readonly factor: number }
  | {
      readonly type: 'llama3'
      readonly factor: number
      readonly lowFreqFactor: number
      readonly highFreqFactor: number
      /** Context length before scaling, in tokens. */
      readonly originalMaxPositions: number
    }

/** What a decoder-only transformer is made of. Sizes are in elements, positions in tokens. */
export interface ModelConfig {
  readonly architecture: 'llama'
  readonly vocabSize: number
  readonly hiddenSize: number
  readonly intermediateSize: number
  readonly numLayers: number
  readonly numHeads: number
  /** Divides `numHeads`; each KV head serves `numHeads / numKvHeads` query heads (GQA). */
  readonly numKvHeads: number
  /** A multiple of 8; `numHeads * headDim` need not equal `hiddenSize`. */
  readonly headDim: number
  readonly rmsNormEps: number
  readonly ropeTheta: number
  readonly ropeScaling: RopeScaling
  /** Longest context the model was made for, in tokens. */
  readonly maxPositions: number
  /** The LM head is the embedding matrix. */
  readonly tieWordEmbeddings: boolean
  /** q, k, v and o projections have a bias. */
  readonly attentionBias: boolean
  /** gate, up and down projections have a bias. */
  readonly mlpBias: boolean
  readonly bosTokenId: number | undefined
  /** Tokens that end a generation: those of generation_config.json, else of config.json. */
  readonly eosTokenIds: readonly number[]
}
