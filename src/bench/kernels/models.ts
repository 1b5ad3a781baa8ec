import { SHAPES } from '../../../scripts/oracles/model-shapes.mjs'
import type { AttentionShape } from '../../kernels/kv-cache'

/** The sizes of a model that decide the shapes of its kernels. */
export interface ModelShape extends AttentionShape {
  readonly name: string
  readonly numLayers: number
  readonly hiddenSize: number
  readonly intermediateSize: number
  readonly vocabSize: number
}

const NAMES = ['smollm2-135m', 'qwen2.5-0.5b', 'llama-3.2-1b'] as const

export const MODEL_SHAPES: readonly ModelShape[] = NAMES.map(name => {
  const config = SHAPES[name]
  return {
    name,
    numLayers: config.num_hidden_layers,
    hiddenSize: config.hidden_size,
    intermediateSize: config.intermediate_size,
    vocabSize: config.vocab_size,
    numHeads: config.num_attention_heads,
    numKvHeads: config.num_key_value_heads,
    headDim: config.head_dim,
  }
})

/** Number of outputs of the matrix that makes q, k and v. */
export function qkvRows({ numHeads, numKvHeads, headDim }: AttentionShape): number {
  return (numHeads + 2 * numKvHeads) * headDim
}
