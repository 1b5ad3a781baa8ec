import type { Gpu } from '../gpu/device'
import { KernelCache } from '../gpu/kernel'
import type { Step } from '../gpu/step'
import { shaderSource } from './shaders'

/** What a kernel wrapper needs to build itself: the device, the compiled variants, and the step it will be part of. */
export interface KernelContext {
  readonly gpu: Gpu
  readonly kernels: KernelCache
  readonly step: Step
}

export function kernelContext(gpu: Gpu, step: Step): KernelContext {
  return { gpu, kernels: new KernelCache(gpu, shaderSource), step }
}
