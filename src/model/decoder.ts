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
import { addToResidual } from './residual'
import type { DecoderTensors, LayerTensors } from './tensors'

/** A decoder-only transformer, whichever `config` describes, as one ragged step. */
export function decoder(parts: ModelParts, tensors: DecoderTensors): Model {
  const { config, context, activations, lastTokens } = parts
  const { hidden, drawn, drawnNormed, logits } = activations
  const { embedding, positions, head, finalNorm } = tensors
  const embedTokens = embed(context, embedding, { lastTokens, x: hidden }, { scale: config.embeddingScale })
  const addPositions = positions && embed(context, positions, { lastTokens, x: hidden }, { accumulate: true })
  const table = ropeTables(parts)
  const layers = tensors.layers.map((layer, index) => decoderLayer(parts, layer, index, table))

  const gatherDrawn = gatherRows(context, config.hiddenSize, { x: hidden, y: drawn })
  const normDrawn = norm(context, config, finalNorm, { x: drawn, y: drawnNormed })
  const project = matmul(context, head, { x: drawnNormed, y: logits }, { scale: config.logitScale })
  const cap = config.logitSoftcap === undefined ? undefined : softcap(context, config.logitSoftcap, logits)

  return {
    forward: inputs => {
      embedTokens(inputs.firstToken, inputs.numTokens)
      addPositions?.(inputs.firstPosition, inputs.numTokens)
      for (const layer of layers) layer(inputs)
    },
    logits: tokens => {
      gatherDrawn(tokens)
      normDrawn(tokens.length)
      project(tokens.length)
      cap?.(tokens.length * config.vocabSize)
    },
  }
}

/** Attention, then the MLP, each of what the residual stream is by then; or both of what it is before the layer. */
function decoderLayer(
  parts: ModelParts,
  layer: LayerTensors,
  index: number,
  table: (rope: Rope) => GPUBuffer,
): (inputs: StepInputs) => void {
  const { config, context, activations, cache } = parts
  const { hidden, normed, attended, activated } = activations
  const { attentionNorm, mlpNorm } = layer
  const own = config.layers[index]
  const read = { x: hidden, y: normed }
  const normAttention = attentionNorm && norm(context, config, attentionNorm, read)
  const attend = attentionBlock(
    parts,
    layer,
    attentionNorm ? normed : hidden,
    cache[index],
    own,
    own.rope && table(own.rope),
    parts.kvGroupOf[index],
  )
  const addAttention = addToResidual(parts, layer.output, layer.postAttentionNorm, attended)
  const normMlp = mlpNorm && norm(context, config, mlpNorm, read)
  const feedForward = mlpBlock(parts, layer, mlpNorm ? normed : hidden)
  const addMlp = addToResidual(parts, layer.down, layer.postMlpNorm, activated)
  return inputs => {
    const { numTokens } = inputs
    normAttention?.(numTokens)
    attend(inputs)
    if (!config.isParallel) addAttention(numTokens)
    normMlp?.(numTokens)
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
