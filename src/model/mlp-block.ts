import { matmul } from '../kernels/matmul'
import type { ModelParts } from './model'
import type { StreamInput } from './residual'
import type { LayerTensors } from './tensors'

/** activated = activation(gate(x)) · up(x), or activation(up(x)). */
export function mlpBlock(
  { config, context, activations }: ModelParts,
  { gateUp: { matrix, bias } }: LayerTensors,
  { x, norm }: StreamInput,
): (numTokens: number) => void {
  const { activation, intermediateSize: yStride } = config
  return matmul(context, matrix, { x, bias, y: activations.activated }, { activation, yStride, norm })
}
