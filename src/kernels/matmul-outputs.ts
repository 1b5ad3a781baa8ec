import { assert } from '../core/assert'
import type { Activation } from '../core/model-config'
import type { ShaderVariant } from '../gpu/shader'
import type { Matrix } from './matrix'
import { numTiles } from './matrix-format'

/** Where a product's outputs go. */
export interface OutputBuffers {
  /** f32 [matrix.rows]; absent: nothing is added */
  readonly bias?: GPUBuffer
  /** f32 [numTokens, yStride]; may not be `x` */
  readonly y: GPUBuffer
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
  /**
   * Outputs are logits to draw from: `y` is u32 [numTokens, whole tiles of the matrix, 2] and takes the candidates of each
   * tile, for `firstCandidate`. Of the options above only `scale` counts.
   */
  readonly isDrawn?: boolean
}

/** What becomes of a product's sums: a module of the kernel with its buffers and parameters. */
export interface Outputs extends Required<Pick<ShaderVariant, 'modules' | 'constants'>> {
  readonly buffers: Readonly<Record<string, GPUBuffer>>
  readonly params: Readonly<Record<string, number>>
}

const ACTIVATIONS: Readonly<Record<Activation, string>> = {
  silu: 'activation-silu',
  gelu: 'activation-gelu',
  'gelu-tanh': 'activation-tanh',
}

export function matmulOutputs(
  matrix: Matrix,
  { bias, y }: OutputBuffers,
  arena: GPUBuffer,
  options: OutputOptions,
): Outputs {
  const { label, rows, isPaired } = matrix
  const { accumulate = false, scale = 1, yOffset = 0, activation } = options
  const { yStride = isPaired ? rows / 2 : rows } = options
  const has_bias = Number(bias !== undefined)
  const buffers: Outputs['buffers'] = bias ? { bias, y } : { y }
  if (activation) {
    const modules = { 'outputs-plain': 'outputs-activated', 'activation-silu': ACTIVATIONS[activation] }
    return { modules, constants: { GATED: Number(isPaired) }, buffers, params: { row_len: yStride, has_bias } }
  }
  if (options.isDrawn) {
    const params = { has_bias, scale, n_tiles: numTiles([rows]), first_draw: 0 }
    const own: Outputs['buffers'] = bias ? { bias, candidates: y, arena } : { candidates: y, arena }
    return { modules: { 'outputs-plain': 'outputs-draw' }, constants: {}, buffers: own, params }
  }
  assert(yOffset + rows <= yStride, `${label}: ${rows} outputs at ${yOffset} exceed ${yStride}`)
  const params = { y_stride: yStride, y_offset: yOffset, has_bias, accumulate: Number(accumulate), scale }
  return { modules: {}, constants: {}, buffers, params }
}
