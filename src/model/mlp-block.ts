import { linear } from './linear'
import type { Block, ModelParts } from './model'
import type { BlockStream } from './residual'
import type { MlpTensors } from './tensors'

/** h += down(activation(gate(x)) · up(x)), or h += down(activation(up(x))), with x = norm(h). */
export function mlpBlock(
  { config, context, activations: { activated } }: ModelParts,
  { gateUp, down, numbers }: MlpTensors,
  stream: BlockStream,
): Block {
  const { activation, intermediateSize: yStride } = config
  const project = linear(context, gateUp, { ...stream.input, y: activated }, { activation, yStride, numbers })
  return {
    compute: ({ numTokens }) => {
      stream.read(numTokens)
      project(numTokens)
    },
    add: stream.add(down, activated),
  }
}
