import type { Gpu } from '../gpu/device'
import { KernelCache } from '../gpu/kernel'
import type { Step } from '../gpu/step'
import { shaderSource } from './shaders'
import type { Tuning } from './tunable'

/** Rows as int8 with scales: x[m][k] = codes[m][k] · scales[m][k / 32]. */
export interface Int8Rows {
  /** int8 [rows, cols], four to a word */
  readonly codes: GPUBuffer
  /** f32 [rows, cols / 32] */
  readonly scales: GPUBuffer
}

/** The surroundings of every kernel wrapper: the device, the compiled kernels, and the step that its calls go into. */
export interface KernelContext {
  readonly gpu: Gpu
  readonly kernels: KernelCache
  readonly step: Step
  /** Room for the largest input of a matrix product, if inputs are to be rounded to int8 where they can be. */
  readonly int8?: Int8Rows
  readonly tuning?: Tuning
}

export function kernelContext(gpu: Gpu, step: Step, int8?: Int8Rows, tuning?: Tuning): KernelContext {
  return { gpu, kernels: new KernelCache(gpu, shaderSource), step, int8, tuning }
}
