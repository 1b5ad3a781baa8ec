/** Tensors of seeded checkpoints: names, shapes and how the values spread, as in scripts/oracles/seeded_weights.py. */

/** Masks are bytes, whatever the weights are. */
export type ByteDtype = 'U8' | 'BOOL'

/** Element i is offset + (byte − 128) · scale with a hashed byte. */
export interface SeededTensor {
  readonly name: string
  /** Outermost dimension first. */
  readonly shape: readonly number[]
  readonly offset: number
  readonly scale: number
  /** Where it is not that of the file. */
  readonly dtype?: ByteDtype
}

/** [rows, columns], about ±4 / sqrt(columns). */
export function matrix(name: string, rows: number, columns: number): SeededTensor {
  return { name, shape: [rows, columns], offset: 0, scale: matrixScale(columns) }
}

/** A matrix as GPT-2's Conv1D keeps it: [columns, rows]. */
export function transposed(name: string, columns: number, rows: number): SeededTensor {
  return { name, shape: [columns, rows], offset: 0, scale: matrixScale(columns) }
}

/** ±1/4 */
export function embedding(name: string, rows: number, size: number): SeededTensor {
  return { name, shape: [rows, size], offset: 0, scale: 2 ** -9 }
}

/** ±1/4 */
export function bias(name: string, size: number): SeededTensor {
  return { name, shape: [size], offset: 0, scale: 2 ** -9 }
}

/** offset ± 1 */
export function norm(name: string, size: number, offset = 1): SeededTensor {
  return { name, shape: [size], offset, scale: 2 ** -7 }
}

/** 2 ± 2 */
export function wideNorm(name: string, size: number): SeededTensor {
  return { name, shape: [size], offset: 2, scale: 2 ** -6 }
}

/** The weight [rows, columns] and perhaps the bias [rows] of a linear layer. */
export function linear(name: string, rows: number, columns: number, hasBias = false): SeededTensor[] {
  return [matrix(`${name}.weight`, rows, columns), ...(hasBias ? [bias(`${name}.bias`, rows)] : [])]
}

/** What a checkpoint holds although nothing is computed from it: ones. */
export function buffer(name: string, shape: readonly number[], dtype?: ByteDtype): SeededTensor {
  return { name, shape, offset: 1, scale: 0, ...(dtype && { dtype }) }
}

/** A number [1], 1/4 ± 1; or one that is the same everywhere, []. */
export function number(name: string, constant?: number): SeededTensor {
  return constant === undefined
    ? { name, shape: [1], offset: 0.25, scale: 2 ** -7 }
    : { name, shape: [], offset: constant, scale: 0 }
}

export function numElements(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1)
}

function matrixScale(columns: number): number {
  // Half the base-2 logarithm of the columns: the power of two next to their square root.
  const halfLog = Math.floor((32 - Math.clz32(columns - 1)) / 2)
  return 2 ** -(halfLog + 5)
}
