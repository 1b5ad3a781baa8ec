import { assert } from '../core/assert'
import type { Gpu } from '../gpu/device'
import type { Int8Rows, KernelContext } from './context'
import { flatGrid } from './grid'
import type { Matrix } from './matrix'
import { isQuantized } from './matrix-format'
import { quantizeRows } from './quantize-rows'
import { weightsVariant } from './weights-variant'

export interface MatmulBuffers {
  /** f32 [numTokens, matrix.cols]; int8 for `matmul-int8` */
  readonly x: GPUBuffer | Int8Rows
  /** f32 [matrix.rows]; absent: nothing is added */
  readonly bias?: GPUBuffer
  /** f32 [numTokens, yStride]; may not be `x` */
  readonly y: GPUBuffer
}

export interface MatmulOptions {
  /** Add to what `y` holds, instead of replacing it. */
  readonly accumulate?: boolean
  /** Multiplies the product and the bias; default 1. */
  readonly scale?: number
  /** From token to token in `y`, in elements; default `matrix.rows`. */
  readonly yStride?: number
  /** Where the matrix's outputs start within a token's stride of `y`, in elements; default 0. */
  readonly yOffset?: number
}

/** A way to compute the product. All but those of int8 give the same bits (shaders/matmul-io.wgsl) and differ in speed. */
export interface MatmulVariant {
  readonly kernel: 'matmul' | 'matmul-few' | 'matmul-subgroup' | 'matmul-int8'
  /** Tokens per thread, the shader's constant. */
  readonly tokens: number
  /** Tokens per workgroup. */
  readonly groupTokens: number
  /** Rows of the matrix per workgroup. */
  readonly groupRows: number
  /** The most tokens for which it is the best choice. */
  readonly maxTokens: number
}

/**
 * What every device can run, by rising `maxTokens`: first as many threads as can be, then as few loads per product.
 * Where they change over is an estimate for GPUs that has not been measured on one yet.
 */
export const CORE_VARIANTS: readonly MatmulVariant[] = [
  { kernel: 'matmul-few', tokens: 1, groupTokens: 1, groupRows: 16, maxTokens: 1 },
  { kernel: 'matmul-few', tokens: 4, groupTokens: 4, groupRows: 16, maxTokens: 4 },
  { kernel: 'matmul-few', tokens: 8, groupTokens: 8, groupRows: 16, maxTokens: 32 },
  { kernel: 'matmul', tokens: 8, groupTokens: 32, groupRows: 64, maxTokens: Number.POSITIVE_INFINITY },
]

/** For subgroups of 8 and no other size: Mesa's CPU driver, where it is the best for any number of tokens. */
export const NARROW_VARIANTS: readonly MatmulVariant[] = [
  { kernel: 'matmul-subgroup', tokens: 8, groupTokens: 8, groupRows: 64, maxTokens: Number.POSITIVE_INFINITY },
]

/** For activations of int8. They too give the same bits among themselves. */
export const INT8_VARIANTS: readonly MatmulVariant[] = [
  { kernel: 'matmul-int8', tokens: 1, groupTokens: 1, groupRows: 16, maxTokens: 1 },
  { kernel: 'matmul-int8', tokens: 4, groupTokens: 4, groupRows: 16, maxTokens: 4 },
  { kernel: 'matmul-int8', tokens: 8, groupTokens: 8, groupRows: 16, maxTokens: Number.POSITIVE_INFINITY },
]

/** The variants that a device uses, by rising `maxTokens`. */
export function matmulVariants({ hasSubgroupsOf8 }: Gpu): readonly MatmulVariant[] {
  return hasSubgroupsOf8 ? NARROW_VARIANTS : CORE_VARIANTS
}

/**
 * y[m][yOffset + n] = scale · (Σk x[m][k] · matrix[n][k] (+ bias[n])) (+ y[m][yOffset + n]). Each y[m][n] has the same bits
 * for any number of tokens. Where the context has room for int8 and the matrix is of integers without zeros, x is rounded
 * to int8 first. Returns the recorder of one call.
 */
export function matmul(
  context: KernelContext,
  matrix: Matrix,
  buffers: MatmulBuffers & { readonly x: GPUBuffer },
  options?: MatmulOptions,
): (numTokens: number) => void {
  const { gpu, int8 } = context
  const rounded = isQuantized(matrix.format) && !matrix.format.hasZeros ? int8 : undefined
  const variants = rounded ? INT8_VARIANTS : matmulVariants(gpu)
  const inputs = { ...buffers, x: rounded ?? buffers.x }
  const recorders = variants.map(variant => matmulVariant(context, variant, matrix, inputs, options))
  const round = rounded && quantizeRows(context, matrix.cols, buffers.x, rounded)
  return numTokens => {
    round?.(numTokens)
    recorders[variants.findIndex(({ maxTokens }) => numTokens <= maxTokens)](numTokens)
  }
}

/** `matmul` by one variant, whatever the number of tokens. */
export function matmulVariant(
  { kernels, step }: KernelContext,
  { kernel: name, tokens, groupTokens, groupRows }: MatmulVariant,
  matrix: Matrix,
  { x, bias, y }: MatmulBuffers,
  { accumulate = false, scale = 1, yStride = matrix.rows, yOffset = 0 }: MatmulOptions = {},
): (numTokens: number) => void {
  assert(yOffset + matrix.rows <= yStride, `${matrix.label}: ${matrix.rows} outputs at ${yOffset} exceed ${yStride}`)
  const [inputs, module] =
    'codes' in x ? [{ x_codes: x.codes, x_scales: x.scales }, 'weights-q8' as const] : [{ x }, 'weights-f32' as const]
  const { modules, constants } = weightsVariant(matrix.format, module)
  const kernel = kernels.get({ name, modules, constants: { TOKENS: tokens, ...constants } })
  const slices = matrix.slices.map(({ buffers: { weights, ...scales }, firstRow, numRows }) => ({
    // without a bias the shader never reads the variable, but something must be bound to it
    call: kernel.bind(step.arena, { weights, ...scales, ...inputs, bias: bias ?? weights, y }),
    params: {
      n_blocks: matrix.numBlocks,
      n_rows: numRows,
      first_row: firstRow,
      y_stride: yStride,
      y_offset: yOffset,
      has_bias: Number(bias !== undefined),
      accumulate: Number(accumulate),
      scale,
      n_tokens: 0,
    },
    grid: flatGrid(Math.ceil(numRows / groupRows)),
  }))
  return numTokens => {
    for (const { call, params, grid } of slices) {
      params.n_tokens = numTokens
      step.dispatch(call, params, [Math.ceil(numTokens / groupTokens), grid[0], grid[1]])
    }
  }
}
