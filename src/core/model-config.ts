/** Dims of a head that attention holds, at most: of published models none has more (Gemma: 256). */
export const MAX_HEAD_DIM = 512

/** How rotary frequencies are scaled for contexts longer than those of the training, as in Hugging Face's `rope_scaling`. */
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
  | {
      readonly type: 'yarn'
      readonly factor: number
      /** Turns within the original context above which a pair of dims keeps its frequency, and below which it is stretched. */
      readonly betaFast: number
      readonly betaSlow: number
      /** Whether the dims at which these are reached are rounded outwards. */
      readonly truncate: boolean
      readonly originalMaxPositions: number
      /** Multiplies cosines and sines. */
      readonly attentionFactor: number
    }
  | {
      readonly type: 'longrope'
      /** [rotaryDim / 2]: what frequencies are divided by, in contexts up to `originalMaxPositions` and in longer ones. */
      readonly shortFactors: readonly number[]
      readonly longFactors: readonly number[]
      readonly originalMaxPositions: number
      readonly attentionFactor: number
    }

/** A rotary position embedding (arXiv:2104.09864). */
export interface Rope {
  /** Dims of a head that turn, the first ones: an even number. */
  readonly dim: number
  readonly theta: number
  readonly scaling: RopeScaling
}

/** The growth of queries with their position: times 1 + factor · ln(1 + ⌊position / positions⌋). */
export interface QueryGrowth {
  readonly factor: number
  readonly positions: number
}

/** The properties that differ from layer to layer. */
export interface LayerConfig {
  /** Undefined: q and k are not turned. Layers that turn alike share one object. */
  readonly rope: Rope | undefined
  /** A token sees itself and this many tokens before it, less one; undefined: all. */
  readonly window: number | undefined
}

/** xIELU has numbers of its own in each layer (`TensorNames`). */
export type Activation = 'silu' | 'gelu' | 'gelu-tanh' | 'xielu'

/** How a checkpoint in Hugging Face's form stores a tensor that it does not store as the graph takes it. */
export type TensorLayout =
  /** A matrix as [cols, rows]. */
  | { readonly type: 'transposed' }
  /** Rows as [heads, parts, rows of a head], where they are to be [parts, heads, rows of a head]. */
  | { readonly type: 'interleaved'; readonly heads: number; readonly parts: number }
  /** Rows of q or k in the order in which a rotation turns neighbours: 2 i and 2 i + 1 of a head, for i and i + headDim / 2. */
  | { readonly type: 'neighbours'; readonly headDim: number }
  /** Less one: weights of a norm, stored as what they differ by from 1. */
  | { readonly type: 'less-one' }
  /** A number as [1] or [], perhaps by what its softplus is: log(1 + exp(stored)). */
  | { readonly type: 'number'; readonly isSoftplus: boolean }

/** A linear layer or norm of the checkpoint: `name.weight`, and `name.bias` where there is one. */
export interface Named {
  readonly name: string
  readonly layout?: TensorLayout
}

/**
 * The names of a checkpoint's tensors, and so which there are. Names in `layer` follow `layers` and the layer's index.
 * Where one tensor holds several parts one below the other, their names are a single one.
 */
export interface TensorNames {
  readonly embedding: string
  /** [maxPositions, hidden]: learned positions, added to the embedding. */
  readonly positions?: string
  readonly layers: string
  readonly layer: {
    /** The norm of what attention reads; and that of what it gives, before it is added to the residual stream. */
    readonly attentionNorm?: Named
    readonly postAttentionNorm?: Named
    /** q, k and v. */
    readonly qkv: readonly [Named, Named, Named] | readonly [Named]
    /** The norms of q and of k, before they are turned. */
    readonly qNorm?: Named
    readonly kNorm?: Named
    readonly output: Named
    readonly mlpNorm?: Named
    readonly postMlpNorm?: Named
    /** Gate and up; up alone in a model without gates, and in one that stores both in one tensor. */
    readonly gateUp: readonly [Named, Named] | readonly [Named]
    readonly down: Named
    /** The numbers of an activation that has some, in the order in which its shader reads them; their names are whole. */
    readonly activation?: readonly Named[]
  }
  readonly finalNorm: Named
  /** The LM head's name where it is not the embedding. */
  readonly head: string
}

/**
 * A decoder-only transformer in general, as plain data: what the graph (model/decoder.ts) reads. Sizes are in elements,
 * positions in tokens. An architecture (loader/architectures) makes one from a checkpoint's config.json.
 */
export interface ModelConfig {
  /** As config.json calls it, e.g. `LlamaForCausalLM`. */
  readonly architecture: string
  /** What of a multimodal checkpoint is not computed, for people; undefined: it is a text model. */
  readonly leavesOut: string | undefined
  readonly vocabSize: number
  readonly hiddenSize: number
  readonly intermediateSize: number
  readonly numLayers: number
  readonly numHeads: number
  /** Divides `numHeads`; each KV head serves `numHeads / numKvHeads` query heads (GQA). */
  readonly numKvHeads: number
  /** A multiple of 8, at most `MAX_HEAD_DIM`; `numHeads * headDim` need not equal `hiddenSize`. */
  readonly headDim: number
  /** Longest context the model was made for, in tokens. */
  readonly maxPositions: number
  /** [numLayers] */
  readonly layers: readonly LayerConfig[]

  /** RMSNorm, or LayerNorm with weight and bias. */
  readonly norm: 'rms' | 'layer'
  readonly normEps: number
  /** q and k are normed head by head, before or after they turn, or each as one vector of all heads. */
  readonly qkNorm: 'head' | 'turned-head' | 'projection' | undefined
  /** Attention and MLP read the same residual stream, instead of one after the other. */
  readonly isParallel: boolean
  readonly activation: Activation
  /** The MLP is down(activation(gate(x)) · up(x)); else down(activation(up(x))). */
  readonly isGated: boolean

  readonly qkvBias: boolean
  readonly outputBias: boolean
  readonly mlpBias: boolean
  readonly headBias: boolean
  /** The LM head is the embedding matrix. */
  readonly tieWordEmbeddings: boolean

  /** Multiplies embeddings. */
  readonly embeddingScale: number
  /** Multiplies q · k. */
  readonly attentionScale: number
  readonly queryGrowth: QueryGrowth | undefined
  /** Multiplies what attention and MLP add to the residual stream. */
  readonly residualScale: number
  readonly logitScale: number
  /** cap · tanh(x / cap) bounds scores, and logits. */
  readonly attentionSoftcap: number | undefined
  readonly logitSoftcap: number | undefined

  readonly tensors: TensorNames
  readonly bosTokenId: number | undefined
  /** Tokens that end a generation: those of generation_config.json, else of config.json. */
  readonly eosTokenIds: readonly number[]
}
