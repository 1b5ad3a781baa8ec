import type { Gpu } from '../../gpu/device'
import { attentionCases } from './attention'
import type { KernelCase } from './case'
import { matmulCases } from './matmul'
import { MODEL_SHAPES } from './models'
import { ropeAppendCases } from './rope-append'
import { tokenCases } from './tokens'
import { vectorCases } from './vectors'

/** Every kernel at every shape that this device runs. */
export function allCases(gpu: Gpu): KernelCase[] {
  return MODEL_SHAPES.flatMap(model => [
    ...matmulCases(model, gpu),
    ...attentionCases(model, gpu),
    ...vectorCases(model),
    ...ropeAppendCases(model),
    ...tokenCases(model),
  ])
}
