import type { KernelContext } from '../kernels/context'
import { type MatmulRecorder, matmul } from '../kernels/matmul'
import type { OutputOptions } from '../kernels/matmul-outputs'
import type { Linear } from './weights'

/** The rows that a linear layer multiplies. */
export interface LinearInput extends Pick<OutputOptions, 'norm'> {
  /** f32 [numRows, matrix.cols], but for the division that `norm` leaves to the product */
  readonly x: GPUBuffer
}

/**
 * y = matrix · x + bias, or what the options make of it (kernels/matmul-outputs.ts). All products of a model with its weights
 * are made here, so what is to be added to a product, such as an adapter's, has one place.
 */
export function linear(
  context: KernelContext,
  { matrix, bias }: Linear,
  { x, y, norm }: LinearInput & { readonly y: GPUBuffer },
  options?: Omit<OutputOptions, 'norm'>,
): MatmulRecorder {
  return matmul(context, matrix, { x, bias, y }, { ...options, norm })
}
