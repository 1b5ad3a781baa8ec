import type { KernelContext } from './context'
import { flatGrid } from './grid'
import type { Matrix } from './matrix'
import { weightsVariant } from './weights-variant'

/** A token word with this bit names a slot of `lastTokens` instead of a token. */
export const FROM_SLOT = 0x80000000

export interface EmbedBuffers {
  /** u32 [slots]: the token last drawn in each slot */
  readonly lastTokens: GPUBuffer
  /** f32 [numTokens, embedding.cols] */
  readonly x: GPUBuffer
}

export interface EmbedOptions {
  /** Multiplies the embeddings; default 1. */
  readonly scale?: number
  /** Add to what `x` holds, instead of replacing it. */
  readonly accumulate?: boolean
}

/**
 * x[i] = scale · embedding[token(i)] (+ x[i]), the token words being in the step's arena from word `firstToken` on.
 * Returns the recorder of one call.
 */
export function embed(
  { kernels, step }: KernelContext,
  embedding: Matrix,
  { lastTokens, x }: EmbedBuffers,
  { scale = 1, accumulate = false }: EmbedOptions = {},
) {
  const kernel = kernels.get({ name: 'embed', ...weightsVariant(embedding.format) })
  const slices = embedding.slices.map(({ buffers: { weights, ...scales }, firstRow, numRows }) => ({
    call: kernel.bind(step.arena, { weights, ...scales, arena: step.arena, last_tokens: lastTokens, x }),
    params: {
      n_blocks: embedding.numBlocks,
      n_rows: numRows,
      first_row: firstRow,
      scale,
      accumulate: Number(accumulate),
    },
  }))
  return (firstToken: number, numTokens: number): void => {
    for (const { call, params } of slices) {
      step.dispatch(call, { ...params, n_tokens: numTokens, first_token: firstToken }, flatGrid(numTokens))
    }
  }
}
