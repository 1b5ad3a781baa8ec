import { assert } from '../core/assert'
import type { Activation } from '../core/model-config'
import type { ShaderVariant } from '../gpu/shader'
import type { Matrix } from './matrix'
import { numTiles } from './matrix-format'

/** The buffers of a product's outputs. */
export interface OutputBuffers {
  /** f32 [matrix.rows]; absent: nothing is added */
  readonly bias?: GPUBuffer
  /** f32 [numTokens, yStride]; may not be `x` */
  readonly y: GPUBuffer
}

/**
 * Rows of a residual stream on their way through an RMSNorm (arXiv:1910.07467 §4): times its weights, but not yet divided
 * by their root mean square. The division commutes with a matrix, so it is done to the outputs.
 */
export interface WeightedRows {
  /** f32 [numTokens, cols], and from element `firstSum` on [numTokens, cols / 16] the sums of squares of 16 columns each */
  readonly rows: GPUBuffer
  readonly firstSum: number
}

export interface OutputOptions {
  /** Add to what `y` holds, instead of replacing it. */
  readonly accumulate?: boolean
  /** Multiplies the product and the bias; default 1. */
  readonly scale?: number
  /** From token to token in `y`, in elements; default `matrix.rows`, or half of it if the matrix is paired. */
  readonly yStride?: number
  /** Where the matrix's outputs start within a token's stride of `y`, in elements; default 0. */
  readonly yOffset?: number
  /**
   * y = activation(output), or of a paired matrix activation(gate) · up (gated linear units, arXiv:2002.05202): all of y's
   * columns, and without the options above.
   */
  readonly activation?: Activation
  /** f32: the numbers of an activation that has some; only without a bias, whose place they take. */
  readonly numbers?: GPUBuffer
  /** `x` is these rows, which another product left as its `next`: outputs are divided by the rows' root mean square. */
  readonly norm?: WeightedRows & { readonly eps: number }
  /** Rows to leave for a norm of this weight [yStride] that reads `y` next; only with `accumulate`. */
  readonly next?: WeightedRows & { readonly weight: GPUBuffer }
  /**
   * Outputs are logits to draw from: `y` is u32 [numTokens, whole tiles of the matrix, 2] and takes the candidates of each
   * tile, for `firstCandidate`. Of the options above only `scale` counts.
   */
  readonly isDrawn?: boolean
}

/** The ending of a product, which turns sums into outputs: a module of the kernel with its buffers and parameters. */
export interface Outputs extends Required<Pick<ShaderVariant, 'modules' | 'constants'>> {
  readonly buffers: Readonly<Record<string, GPUBuffer>>
  readonly params: Readonly<Record<string, number>>
}

const ACTIVATIONS: Readonly<Record<Activation, string>> = {
  silu: 'activation-silu',
  gelu: 'activation-gelu',
  'gelu-tanh': 'activation-tanh',
  xielu: 'activation-xielu',
}

export function matmulOutputs(
  matrix: Matrix,
  { bias, y }: OutputBuffers,
  arena: GPUBuffer,
  options: OutputOptions,
): Outputs {
  const { label, rows, isPaired } = matrix
  const { accumulate = false, scale = 1, yOffset = 0, activation, norm, next } = options
  const { yStride = isPaired ? rows / 2 : rows } = options
  const has_bias = Number(bias !== undefined)
  // what the shader never reads must be bound to something all the same
  const [
    {
      buffers: { weights: unread },
    },
  ] = matrix.slices
  const ends = { y, bias: bias ?? unread }
  if (next) {
    const buffers = { ...ends, norm_weight: next.weight, next: next.rows }
    assert(accumulate && yStride === rows && !norm, `${label}: a residual stream is added to, in whole rows`)
    const params = { row_len: rows, has_bias, scale, first_sum: next.firstSum }
    return { modules: { 'outputs-plain': 'outputs-residual' }, constants: {}, buffers, params }
  }
  const buffers = { ...ends, x_sums: norm?.rows ?? unread }
  const input = { first_sum: norm?.firstSum ?? 0, eps: norm?.eps ?? 0 }
  if (activation) {
    const modules = { 'outputs-plain': 'outputs-activated', 'activation-silu': ACTIVATIONS[activation] }
    const params = { row_len: yStride, has_bias, ...input }
    const { numbers } = options
    assert(
      (numbers !== undefined) === (activation === 'xielu') && !(numbers && bias),
      `${label}: numbers are those of xIELU`,
    )
    const bound = numbers ? { ...buffers, bias: numbers } : buffers
    return { modules, constants: { GATED: Number(isPaired) }, buffers: bound, params }
  }
  if (options.isDrawn) {
    const params = { has_bias, scale, n_tiles: numTiles([rows]), first_draw: 0 }
    const buffers = { candidates: y, bias: ends.bias, arena }
    return { modules: { 'outputs-plain': 'outputs-draw' }, constants: {}, buffers, params }
  }
  assert(yOffset + rows <= yStride, `${label}: ${rows} outputs at ${yOffset} exceed ${yStride}`)
  const params = { y_stride: yStride, y_offset: yOffset, has_bias, accumulate: Number(accumulate), scale, ...input }
  return { modules: {}, constants: {}, buffers, params }
}
