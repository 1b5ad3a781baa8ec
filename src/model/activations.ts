import type { ModelConfig } from '../core/model-config'
import type { BufferMaker } from '../gpu/paper'
import { COPY_DST, COPY_SRC, STORAGE } from '../gpu/usage'
import type { Int8Rows } from '../kernels/context'
import { TILE_ROWS } from '../kernels/matrix-format'

/** Buffers that a step's tokens pass through, f32, reused by all layers. T: most tokens in a step. */
export interface Activations {
  /** [T, hidden]: the residual stream. */
  readonly hidden: GPUBuffer
  /** [T, hidden], and room for [T, hidden / 16] sums of squares of the residual stream */
  readonly normed: GPUBuffer
  /** [T, outputs of the fused q, k and v matrix] */
  readonly qkv: GPUBuffer
  /** [T, numHeads, headDim]: rotated and scaled queries. */
  readonly queries: GPUBuffer
  /** [T, numHeads, headDim] */
  readonly attended: GPUBuffer
  /** [numStates, numHeads, headDim]: attention over a part of a row's keys, not yet divided by its sum of weights. */
  readonly partialO: GPUBuffer
  /** [numStates, numHeads, 2]: highest score and sum of weights of each part. */
  readonly partialStats: GPUBuffer
  /** [T, intermediate] */
  readonly activated: GPUBuffer
  /** [drawRows, hidden]: the rows of `hidden` that draw. */
  readonly drawn: GPUBuffer
  /** [drawRows, hidden] */
  readonly drawnNormed: GPUBuffer
  /** [drawRows, vocabSize] */
  readonly logits: GPUBuffer
}

export interface ActivationSizes {
  /** Most tokens in a step. */
  readonly tokenBudget: number
  /** Rows of logits that are computed at a time. */
  readonly drawRows: number
  /** Parts of rows' keys that attention computes by themselves. */
  readonly numStates: number
}

export function createActivations(gpu: BufferMaker, config: ModelConfig, sizes: ActivationSizes): Activations {
  const { hiddenSize, intermediateSize, numHeads, numKvHeads, headDim, vocabSize } = config
  const { tokenBudget, drawRows, numStates } = sizes
  const f32 = (label: string, length: number) => gpu.createBuffer(label, length * 4, STORAGE | COPY_SRC | COPY_DST)
  // a fused matrix's parts start at multiples of 16
  const qkvStride = padded(numHeads * headDim) + 2 * padded(numKvHeads * headDim)
  return {
    hidden: f32('hidden', tokenBudget * hiddenSize),
    normed: f32('normed', tokenBudget * (hiddenSize + padded(hiddenSize) / TILE_ROWS)),
    qkv: f32('qkv', tokenBudget * qkvStride),
    queries: f32('queries', tokenBudget * numHeads * headDim),
    attended: f32('attended', tokenBudget * numHeads * headDim),
    partialO: f32('partial o', numStates * numHeads * headDim),
    partialStats: f32('partial stats', numStates * numHeads * 2),
    activated: f32('activated', tokenBudget * intermediateSize),
    drawn: f32('drawn', drawRows * hiddenSize),
    drawnNormed: f32('drawn normed', drawRows * hiddenSize),
    logits: f32('logits', drawRows * vocabSize),
  }
}

/** Room for the input of any matrix product, rounded to int8. */
export function createInt8Rows(gpu: BufferMaker, config: ModelConfig, tokenBudget: number): Int8Rows {
  const { hiddenSize, intermediateSize, numHeads, headDim } = config
  const mostValues = tokenBudget * Math.max(hiddenSize, intermediateSize, numHeads * headDim)
  return {
    codes: gpu.createBuffer('int8 rows', mostValues, STORAGE),
    scales: gpu.createBuffer('scales of int8 rows', mostValues / 8, STORAGE),
  }
}

const padded = (rows: number): number => Math.ceil(rows / TILE_ROWS) * TILE_ROWS
