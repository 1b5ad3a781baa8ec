import { assert } from '../core/assert'
import type { KernelContext } from './context'
import { flatGrid } from './grid'
import type { Matrix } from './matrix'
import { TILE_ROWS, weightsModule } from './pack'

export interface MatmulBuffers {
  /** f32 [numTokens, matrix.cols] */
  readonly x: GPUBuffer
  /** f32 [matrix.rows]; absent: nothing is added */
  readonly bias?: GPUBuffer
  /** f32 [numTokens, yStride]; may not be `x` */
  readonly y: GPUBuffer
}

export interface MatmulOptions {
  /** Add to what `y` holds, instead of replacing it. */
  readonly accumulate?: boolean
  /** From token to token in `y`, in elements; default `matrix.rows`. */
  readonly yStride?: number
  /** Where the matrix's outputs start within a token's stride of `y`, in elements; default 0. */
  readonly yOffset?: number
}

/** A way to compute the product. All give the same bits (shaders/matmul-io.wgsl) and differ in speed. */
export interface MatmulVariant {
  /** `matmul-few`: a thread per row and slice of k. `matmul`: a thread per `outputs` rows. */
  readonly kernel: 'matmul' | 'matmul-few'
  /** Tokens per thread; at most 8 in `matmul-few`. */
  readonly tokens: number
  /** Rows per thread; 1 in `matmul-few`. */
  readonly outputs: number
}

/** By rising number of tokens: the first with room for all tokens is used, or the last. */
export const MATMUL_VARIANTS: readonly MatmulVariant[] = [
  { kernel: 'matmul-few', tokens: 1, outputs: 1 },
  { kernel: 'matmul-few', tokens: 4, outputs: 1 },
  { kernel: 'matmul', tokens: 8, outputs: 1 },
  { kernel: 'matmul', tokens: 16, outputs: 1 },
]

/** Threads of a workgroup of `matmul`. */
const WG_SIZE = 64

/**
 * y[m][yOffset + n] = Σk x[m][k] · matrix[n][k] (+ bias[n]) (+ y[m][yOffset + n]). Each y[m][n] has the same bits for any
 * number of tokens. Returns the recorder of one call.
 */
export function matmul(
  context: KernelContext,
  matrix: Matrix,
  buffers: MatmulBuffers,
  options?: MatmulOptions,
): (numTokens: number) => void {
  const recorders = MATMUL_VARIANTS.map(variant => matmulVariant(context, variant, matrix, buffers, options))
  return numTokens => {
    const fitting = MATMUL_VARIANTS.findIndex(({ tokens }) => numTokens <= tokens)
    recorders[fitting < 0 ? recorders.length - 1 : fitting](numTokens)
  }
}

/** `matmul` by one variant, whatever the number of tokens. */
export function matmulVariant(
  { kernels, step }: KernelContext,
  { kernel: name, tokens, outputs }: MatmulVariant,
  matrix: Matrix,
  { x, bias, y }: MatmulBuffers,
  { accumulate = false, yStride = matrix.rows, yOffset = 0 }: MatmulOptions = {},
): (numTokens: number) => void {
  assert(yOffset + matrix.rows <= yStride, `${matrix.label}: ${matrix.rows} outputs at ${yOffset} exceed ${yStride}`)
  const kernel = kernels.get({
    name,
    modules: weightsModule(matrix.format),
    constants: name === 'matmul' ? { TOKENS: tokens, OUTPUTS: outputs } : { TOKENS: tokens },
  })
  const groupRows = name === 'matmul' ? WG_SIZE * outputs : TILE_ROWS
  const slices = matrix.slices.map(({ buffer, firstRow, numRows }) => ({
    // without a bias the shader never reads the variable, but something must be bound to it
    call: kernel.bind(step.arena, { weights: buffer, x, bias: bias ?? x, y }),
    params: {
      n_blocks: matrix.numBlocks,
      n_rows: numRows,
      first_row: firstRow,
      y_stride: yStride,
      y_offset: yOffset,
      has_bias: Number(bias !== undefined),
      accumulate: Number(accumulate),
    },
    grid: flatGrid(Math.ceil(numRows / groupRows)),
  }))
  return numTokens => {
    for (const { call, params, grid } of slices) {
      step.dispatch(call, { ...params, n_tokens: numTokens }, [Math.ceil(numTokens / tokens), ...grid])
    }
  }
}
