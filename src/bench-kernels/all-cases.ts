import type { Gpu } from '../gpu/device'
import { attentionCases } from './attention'
import type { KernelCase } from './case'
import { matmulCases } from './matmul'
import { MODEL_SHAPES } from './models'

/** Every kernel at every shape that this device runs. */
export function allCases(gpu: Gpu): KernelCase[] {
  return MODEL_SHAPES.flatMap(model => [...matmulCases(model, gpu), ...attentionCases(model, gpu)])
}
