import type { Rope } from '../core/model-config'
import { COPY_DST, STORAGE } from '../gpu/usage'
import { embed } from '../kernels/embed'
import { gatherRows } from '../kernels/gather-rows'
import { matmul } from '../kernels/matmul'
import { ropeTable } from '../kernels/rope-table'
import { softcap } from '../kernels/softcap'
import { attentionBlock } from './attention-block'
import { mlpBlock } from './mlp-block'
import type { Model, ModelParts, StepInputs } from './model'
import { norm } from './norm'
import { addToResidual, preparedNorm, readResidual } from './residual'
import type { DecoderTensors, LayerTensors } from './tensors'

/** A decoder-only transformer, whichever `config` describes, as one ragged step. */
export function decoder(parts: ModelParts, tensors: DecoderTensors): Model {
  const { config, context, activations, lastTokens } = parts
  const { hidden, drawn, drawnNormed, logits } = activations
  const { embedding, positions, head, finalNorm } = tensors
  const embedTokens = embed(context, embedding, { lastTokens, x: hidden }, { scale: config.embeddingScale })
  const addPositions = positions && embed(context, positions, { lastTokens, x: hidden }, { accumulate: true })
  const table = ropeTables(parts)
  const layers = tensors.layers.map((_, index) => decoderLayer(parts, tensors.layers, index, table))

  const gatherDrawn = gatherRows(context, config.hiddenSize, { x: hidden, y: drawn })
  const normDrawn = norm(context, config, finalNorm, { x: drawn, y: drawnNormed })
  const project = matmul(context, head, { x: drawnNormed, y: logits }, { scale: config.logitScale })
  const cap = config.logitSoftcap === undefined ? undefined : softcap(context, config.logitSoftcap, logits)
  const projectDrawn = cap
    ? undefined
    : matmul(context, head, { x: drawnNormed, y: logits }, { scale: config.logitScale, isDrawn: true })

  const gather = (tokens: ArrayLike<number>) => {
    gatherDrawn(tokens)
    normDrawn(tokens.length)
  }

  return {
    forward: inputs => {
      embedTokens(inputs.firstToken, inputs.numTokens)
      addPositions?.(inputs.firstPosition, inputs.numTokens)
      for (const layer of layers) layer(inputs)
    },
    logits: tokens => {
      gather(tokens)
      project(tokens.length)
      cap?.(tokens.length * config.vocabSize)
    },
    candidates:
      projectDrawn &&
      ((tokens, firstDraw) => {
        gather(tokens)
        projectDrawn(tokens.length, firstDraw)
      }),
  }
}

/** Attention, then the MLP, each of what the residual stream is by then; or both of what it is before the layer. */
function decoderLayer(
  parts: ModelParts,
  layers: readonly LayerTensors[],
  index: number,
  table: (rope: Rope) => GPUBuffer,
): (inputs: StepInputs) => void {
  const { config, activations, cache } = parts
  const { attended, activated } = activations
  const layer = layers[index]
  const own = config.layers[index]
  const preparedAfter = (at: number) => preparedNorm(config, layers[at]?.postMlpNorm, layers[at + 1]?.attentionNorm)
  const preparedBetween = preparedNorm(config, layer.postAttentionNorm, layer.mlpNorm)
  const attentionInput = readResidual(parts, layer.attentionNorm, index > 0 && preparedAfter(index - 1) !== undefined)
  const mlpInput = readResidual(parts, layer.mlpNorm, preparedBetween !== undefined)
  const attend = attentionBlock(
    parts,
    layer,
    attentionInput,
    cache[index],
    own,
    own.rope && table(own.rope),
    parts.kvGroupOf[index],
  )
  const addAttention = addToResidual(parts, layer.output, layer.postAttentionNorm, attended, preparedBetween)
  const feedForward = mlpBlock(parts, layer, mlpInput)
  const addMlp = addToResidual(parts, layer.down, layer.postMlpNorm, activated, preparedAfter(index))
  return inputs => {
    const { numTokens } = inputs
    attentionInput.prepare?.(numTokens)
    attend(inputs)
    if (!config.isParallel) addAttention(numTokens)
    mlpInput.prepare?.(numTokens)
    feedForward(numTokens)
    if (config.isParallel) addAttention(numTokens)
    addMlp(numTokens)
  }
}

/** The table of each rotation, made once. */
function ropeTables({ context: { gpu }, contextLength }: ModelParts): (rope: Rope) => GPUBuffer {
  const buffers = new Map<Rope, GPUBuffer>()
  return rope => {
    const known = buffers.get(rope)
    if (known) return known
    const table = ropeTable(rope, contextLength)
    const buffer = gpu.createBuffer('rope table', table.byteLength, STORAGE | COPY_DST)
    gpu.device.queue.writeBuffer(buffer, 0, table)
    buffers.set(rope, buffer)
    return buffer
  }
}
