import { UnsupportedModel } from '../core/errors'
import type { ModelConfig, Named } from '../core/model-config'
import type { Matrix } from '../kernels/matrix'
import { TILE_ROWS } from '../kernels/matrix-format'
import type { Linear, Norm, Weights } from './weights'

/** Linear layers of one input as one, and where the outputs of each begin: as many tensors, or one that holds them all. */
export interface Stack extends Linear {
  readonly offsets: readonly number[]
}

/** The norms around a block, [hidden] each. Undefined where the architecture has none. */
export interface BlockNorms {
  /** The norm of what the block reads of the residual stream. */
  readonly norm: Norm | undefined
  /** The norm of what it adds to it. */
  readonly postNorm: Norm | undefined
}

export interface AttentionTensors extends BlockNorms {
  /** q, k and v: [(numHeads + 2 numKvHeads) headDim, hidden] */
  readonly qkv: Stack
  /** [headDim], or all heads */
  readonly qNorm: Norm | undefined
  readonly kNorm: Norm | undefined
  /** [hidden, numHeads headDim] */
  readonly output: Linear
}

export interface MlpTensors extends BlockNorms {
  /** Gate and up, paired, or up alone: [intermediate each, hidden] */
  readonly gateUp: Linear
  /** [hidden, intermediate] */
  readonly down: Linear
  /** f32: those of an activation that has some. */
  readonly numbers: GPUBuffer | undefined
}

export interface LayerTensors {
  readonly attention: AttentionTensors
  readonly mlp: MlpTensors
}

/** Everything a checkpoint holds, on the GPU. */
export interface DecoderTensors {
  /** [vocab, hidden] */
  readonly embedding: Matrix
  /** [maxPositions, hidden] */
  readonly positions: Matrix | undefined
  readonly layers: readonly LayerTensors[]
  readonly finalNorm: Norm
  /** [vocab, hidden]; of the embedding itself where they are tied */
  readonly head: Linear
}

/** Asks for the tensors of a checkpoint, by its names. */
export function decoderTensors(config: ModelConfig, weights: Weights): DecoderTensors {
  const { hiddenSize, vocabSize, maxPositions, numLayers, tensors } = config
  const linear = (name: string, rows: number, hasBias = false) => weights.linear([{ name, rows }], hiddenSize, hasBias)
  return {
    embedding: linear(tensors.embedding, vocabSize).matrix,
    positions: tensors.positions === undefined ? undefined : linear(tensors.positions, maxPositions).matrix,
    layers: Array.from({ length: numLayers }, (_, index) =>
      layerTensors(config, weights, `${tensors.layers}.${index}`),
    ),
    finalNorm: weights.norm(tensors.finalNorm, hiddenSize, config.norm === 'layer'),
    head: linear(config.tieWordEmbeddings ? tensors.embedding : tensors.head, vocabSize, config.headBias),
  }
}

function layerTensors(config: ModelConfig, weights: Weights, layer: string): LayerTensors {
  const { hiddenSize, intermediateSize, numHeads, numKvHeads, headDim, qkNorm, qkvBias, outputBias, mlpBias } = config
  const names = config.tensors.layer
  const own = <T extends Named>(named: T): T => ({ ...named, name: `${layer}.${named.name}` })
  const norm = (named: Named | undefined, length = hiddenSize) =>
    named && weights.norm(own(named), length, config.norm === 'layer')
  const [qLen, kvLen] = [numHeads * headDim, numKvHeads * headDim]
  const perHead = qkNorm !== 'projection'
  return {
    attention: {
      norm: norm(names.attentionNorm),
      qkv: stack(weights, names.qkv.map(own), [qLen, kvLen, kvLen], hiddenSize, qkvBias),
      qNorm: norm(names.qNorm, perHead ? headDim : qLen),
      kNorm: norm(names.kNorm, perHead ? headDim : kvLen),
      output: weights.linear([{ ...own(names.output), rows: hiddenSize }], qLen, outputBias),
      postNorm: norm(names.postAttentionNorm),
    },
    mlp: {
      norm: norm(names.mlpNorm),
      gateUp: gateUp(config, weights, names.gateUp.map(own)),
      down: weights.linear([{ ...own(names.down), rows: hiddenSize }], intermediateSize, mlpBias),
      numbers: names.activation && weights.numbers(names.activation.map(own)),
      postNorm: norm(names.postMlpNorm),
    },
  }
}

function gateUp(
  { hiddenSize, intermediateSize, isGated, mlpBias }: ModelConfig,
  weights: Weights,
  names: readonly Named[],
): Linear {
  const isOne = names.length === 1 && isGated
  if (isOne && intermediateSize % TILE_ROWS !== 0) {
    throw new UnsupportedModel(
      `${names[0].name} holds gate and up, of ${intermediateSize} rows each: only multiples of ${TILE_ROWS} are supported.`,
    )
  }
  const rows = isOne ? 2 * intermediateSize : intermediateSize
  return weights.linear(
    names.map(named => ({ ...named, rows })),
    hiddenSize,
    mlpBias,
    isGated,
  )
}

/** `rows`: those of each layer of the stack. */
function stack(
  weights: Weights,
  names: readonly Named[],
  rows: readonly number[],
  cols: number,
  hasBias: boolean,
): Stack {
  if (names.length === rows.length) {
    const parts = names.map((named, index) => ({ ...named, rows: rows[index] }))
    const linear = weights.linear(parts, cols, hasBias)
    return { ...linear, offsets: rows.map((_, index) => linear.matrix.partOffset(index)) }
  }
  const before = (count: number) => rows.slice(0, count).reduce((sum, length) => sum + length, 0)
  const linear = weights.linear([{ ...names[0], rows: before(rows.length) }], cols, hasBias)
  return { ...linear, offsets: rows.map((_, index) => before(index)) }
}
