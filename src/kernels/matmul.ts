import type { Gpu } from '../gpu/device'
import type { Int8Rows, KernelContext } from './context'
import { flatGrid } from './grid'
import { matmulOutputs, type OutputBuffers, type OutputOptions } from './matmul-outputs'
import type { Matrix } from './matrix'
import { isQuantized, type MatrixFormat, TILE_ROWS } from './matrix-format'
import { quantizeRows } from './quantize-rows'
import type { WayChoice } from './tunable'
import { weightsVariant } from './weights-variant'

export interface MatmulBuffers extends OutputBuffers {
  /** f32 [numTokens, matrix.cols]; int8 for `matmul-int8` */
  readonly x: GPUBuffer | Int8Rows
}

/** Records one call; `firstDraw`: where the tokens' records are in the arena, if outputs are drawn from (`pushDrawRows`). */
export type MatmulRecorder = (numTokens: number, firstDraw?: number) => void

/** A way to compute the product. All but those of int8 give the same bits (shaders/shared/matmul-io.wgsl) and differ in speed. */
export interface MatmulWay {
  readonly kernel:
    | 'matmul'
    | 'matmul-few'
    | 'matmul-slab'
    | 'matmul-tile'
    | 'matmul-subgroup-few'
    | 'matmul-subgroup'
    | 'matmul-int8'
  /** Tokens per thread, the shader's constant. */
  readonly tokens: number
  /** Tokens per workgroup. */
  readonly groupTokens: number
  /** Rows of the matrix per workgroup, the shader's constant: whole tiles. */
  readonly groupRows: number
  /** The most tokens for which it is thought to be the best way. */
  readonly maxTokens: number
}

const ONE_TOKEN: MatmulWay = { kernel: 'matmul-few', tokens: 1, groupTokens: 1, groupRows: 16, maxTokens: 1 }

/**
 * The ways of GPUs, by rising `maxTokens`: first as many threads as can be, then as few loads per product. Where they change
 * over is an estimate that has not been measured on one; the last, which needs the most registers, is only for tuning to try.
 */
export const CORE_WAYS: readonly MatmulWay[] = [
  ONE_TOKEN,
  { kernel: 'matmul-few', tokens: 4, groupTokens: 4, groupRows: 16, maxTokens: 4 },
  { kernel: 'matmul-slab', tokens: 8, groupTokens: 8, groupRows: 64, maxTokens: 8 },
  { kernel: 'matmul-slab', tokens: 16, groupTokens: 16, groupRows: 64, maxTokens: 48 },
  { kernel: 'matmul-tile', tokens: 4, groupTokens: 64, groupRows: 64, maxTokens: Number.POSITIVE_INFINITY },
  { kernel: 'matmul-tile', tokens: 8, groupTokens: 64, groupRows: 64, maxTokens: Number.POSITIVE_INFINITY },
]

/**
 * The ways of drivers for CPUs, where workgroup memory is memory like any other, and which take longer to compile a kernel
 * than a small job takes: with more tokens a thread, prefill takes a tenth to a fifth less and loading twice as long (SwiftShader).
 */
export const SOFTWARE_WAYS: readonly MatmulWay[] = [
  ONE_TOKEN,
  { kernel: 'matmul', tokens: 2, groupTokens: 8, groupRows: 64, maxTokens: Number.POSITIVE_INFINITY },
]

/** The ways of devices with subgroups of 8 and no other size: Mesa's CPU driver, where they were measured. */
export const NARROW_WAYS: readonly MatmulWay[] = [
  { kernel: 'matmul-subgroup-few', tokens: 1, groupTokens: 1, groupRows: 32, maxTokens: 1 },
  { kernel: 'matmul-subgroup', tokens: 8, groupTokens: 8, groupRows: 64, maxTokens: 8 },
  { kernel: 'matmul-subgroup', tokens: 16, groupTokens: 16, groupRows: 64, maxTokens: 16 },
  { kernel: 'matmul-subgroup', tokens: 32, groupTokens: 32, groupRows: 64, maxTokens: Number.POSITIVE_INFINITY },
]

/** The ways for inputs of int8. They too give the same bits among themselves. */
export const INT8_WAYS: readonly MatmulWay[] = [
  { kernel: 'matmul-int8', tokens: 1, groupTokens: 1, groupRows: 16, maxTokens: 1 },
  { kernel: 'matmul-int8', tokens: 4, groupTokens: 4, groupRows: 16, maxTokens: 4 },
  { kernel: 'matmul-int8', tokens: 8, groupTokens: 8, groupRows: 16, maxTokens: Number.POSITIVE_INFINITY },
]

/** f32 needs no decoding, which is what `matmul-subgroup-few` does less of: with f32 it takes twice the time. */
const NARROW_F32_WAYS = NARROW_WAYS.filter(({ kernel }) => kernel !== 'matmul-subgroup-few')

/** The ways that a device uses, by rising `maxTokens`; for weights of one format, or of any. */
export function matmulWays(
  { hasSubgroupsOf8, isSoftware }: Pick<Gpu, 'hasSubgroupsOf8' | 'isSoftware'>,
  format?: MatrixFormat,
): readonly MatmulWay[] {
  if (!hasSubgroupsOf8) return isSoftware ? SOFTWARE_WAYS : CORE_WAYS
  return format?.kind === 'f32' ? NARROW_F32_WAYS : NARROW_WAYS
}

/** All ways that a device can run, of those that give the same bits. */
export function runnableWays({ hasSubgroupsOf8 }: Pick<Gpu, 'hasSubgroupsOf8'>): readonly MatmulWay[] {
  return [...new Set([...CORE_WAYS, ...SOFTWARE_WAYS, ...(hasSubgroupsOf8 ? NARROW_WAYS : [])])]
}

/**
 * y[m][yOffset + n] = scale · (Σk x[m][k] · matrix[n][k] (+ bias[n])) (+ y[m][yOffset + n]), or else what the options say.
 * Each y[m][n] has the same bits for any number of tokens. Where the context has room for int8 and the matrix is of
 * integers without zeros, x is rounded to int8 first. Returns the recorder of one call.
 */
export function matmul(
  context: KernelContext,
  matrix: Matrix,
  buffers: MatmulBuffers & { readonly x: GPUBuffer },
  options?: OutputOptions,
): MatmulRecorder {
  const { gpu, int8, tuning } = context
  const rounded = isQuantized(matrix.format) && !matrix.format.hasZeros ? int8 : undefined
  const ways = rounded ? INT8_WAYS : matmulWays(gpu, matrix.format)
  const inputs = { ...buffers, x: rounded ?? buffers.x }
  const round = rounded && quantizeRows(context, matrix.cols, buffers.x, rounded)
  const bind = (choices: readonly WayChoice[]) =>
    choices.map(({ way, maxTokens }) => {
      return { maxTokens, record: matmulBy(context, ways[way], matrix, inputs, options) }
    })
  const { rows, cols, format, isPaired } = matrix
  const room = Math.floor(buffers.x.size / (cols * Float32Array.BYTES_PER_ELEMENT))
  const known = tuning?.add({
    label: `${format.kind} ${rows}×${cols}`,
    shape: JSON.stringify([ways, format, rows, cols, isPaired]),
    work: rows * cols,
    maxTokens: room,
    ways: ways.map(({ kernel, tokens, maxTokens }) => ({ name: `${kernel} ${tokens}`, maxTokens })),
    record: (way, step) => {
      const record = matmulBy({ ...context, step }, ways[way], matrix, inputs, options)
      return numTokens => record(numTokens, options?.isDrawn ? 0 : undefined)
    },
    use: choices => {
      bound = bind(choices)
    },
  })
  const usual = ways.map(({ maxTokens }, way) => ({ way, maxTokens }))
  // what no number of tokens leads to is there for tuning to try; what more tokens lead to than there is room for, for nobody
  const reached = usual.filter(({ maxTokens }, at) => {
    const below = usual[at - 1]?.maxTokens ?? 0
    return below < maxTokens && below < room
  })
  let bound = bind(known ?? (tuning ? usual : reached))
  return (numTokens, firstDraw) => {
    round?.(numTokens)
    bound.find(({ maxTokens }) => numTokens <= maxTokens)?.record(numTokens, firstDraw)
  }
}

/** `matmul` by one way, whatever the number of tokens. */
export function matmulBy(
  { kernels, step }: KernelContext,
  { kernel: name, tokens, groupTokens, groupRows }: MatmulWay,
  matrix: Matrix,
  { x, ...buffers }: MatmulBuffers,
  options: OutputOptions = {},
): MatmulRecorder {
  const [inputs, module] =
    'codes' in x ? [{ x_codes: x.codes, x_scales: x.scales }, 'weights-q8' as const] : [{ x }, 'weights-f32' as const]
  const weights = weightsVariant(matrix.format, module)
  const outputs = matmulOutputs(matrix, buffers, step.arena, options)
  const GROUP_ROWS = matrix.isPaired ? Math.max(groupRows, 2 * TILE_ROWS) : groupRows
  const kernel = kernels.get({
    name,
    modules: { ...weights.modules, ...outputs.modules },
    constants: { TOKENS: tokens, GROUP_ROWS, ...weights.constants, ...outputs.constants },
  })
  const slices = matrix.slices.map(({ buffers: { weights, ...scales }, firstRow, numRows }) => ({
    call: kernel.bind(step.arena, { ...outputs.buffers, weights, ...scales, ...inputs }),
    params: { ...outputs.params, n_blocks: matrix.numBlocks, n_rows: numRows, first_row: firstRow, n_tokens: 0 },
    grid: flatGrid(Math.ceil(numRows / GROUP_ROWS)),
  }))
  return (numTokens, firstDraw) => {
    for (const { call, params, grid } of slices) {
      params.n_tokens = numTokens
      if (firstDraw !== undefined) Object.assign(params, { first_draw: firstDraw })
      step.dispatch(call, params, [Math.ceil(numTokens / groupTokens), grid[0], grid[1]])
    }
  }
}
