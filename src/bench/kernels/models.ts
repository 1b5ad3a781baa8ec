import type { AttentionShape } from '../../kernels/kv-cache'

/** What of a model decides the shapes of its kernels. */
export interface ModelShape extends AttentionShape {
  readonly name: string
  readonly numLayers: number
  readonly hiddenSize: number
  readonly intermediateSize: number
  readonly vocabSize: number
}

export const MODEL_SHAPES: readonly ModelShape[] = [
  {
    name: 'smollm2-135m',
    numLayers: 30,
    hiddenSize: 576,
    intermediateSize: 1536,
    vocabSize: 49_152,
    numHeads: 9,
    numKvHeads: 3,
    headDim: 64,
  },
  {
    name: 'qwen2.5-0.5b',
    numLayers: 24,
    hiddenSize: 896,
    intermediateSize: 4864,
    vocabSize: 151_936,
    numHeads: 14,
    numKvHeads: 2,
    headDim: 64,
  },
  {
    name: 'llama-3.2-1b',
    numLayers: 16,
    hiddenSize: 2048,
    intermediateSize: 8192,
    vocabSize: 128_256,
    numHeads: 32,
    numKvHeads: 8,
    headDim: 64,
  },
]

/** Outputs of the matrix that makes q, k and v. */
export function qkvRows({ numHeads, numKvHeads, headDim }: AttentionShape): number {
  return (numHeads + 2 * numKvHeads) * headDim
}
