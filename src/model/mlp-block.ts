import { activation } from '../kernels/activation'
import { matmul } from '../kernels/matmul'
import type { ModelParts } from './model'
import type { LayerTensors } from './tensors'

/** activated = activation(gate(x)) · up(x), or activation(up(x)). */
export function mlpBlock(
  { config, context, activations }: ModelParts,
  { gateUp: { matrix, bias, offsets } }: LayerTensors,
  x: GPUBuffer,
): (numTokens: number) => void {
  const { gateUp, activated } = activations
  const shape = { rowLen: config.intermediateSize, stride: matrix.rows, upOffset: offsets.at(1) }
  const project = matmul(context, matrix, { x, bias, y: gateUp })
  const activate = activation(context, config.activation, shape, { x: gateUp, y: activated })
  return numTokens => {
    project(numTokens)
    activate(numTokens)
  }
}
