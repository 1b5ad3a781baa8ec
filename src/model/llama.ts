import type { ModelConfig } from '../core/model-config'
import { COPY_DST, STORAGE } from '../gpu/usage'
import { attention, attentionTiles } from '../kernels/attention'
import { copyKv } from '../kernels/copy-kv'
import { embed } from '../kernels/embed'
import { gatherRows } from '../kernels/gather-rows'
import { matmul } from '../kernels/matmul'
import type { Matrix } from '../kernels/matrix'
import { mergeAttention } from '../kernels/merge-attention'
import { rmsNorm } from '../kernels/rms-norm'
import { ropeAppend } from '../kernels/rope-append'
import { ropeTable } from '../kernels/rope-table'
import { swiglu } from '../kernels/swiglu'
import type { Model, ModelParts, StepInputs } from './model'
import type { Linear, Weights } from './weights'

interface LlamaLayer {
  /** [hidden] */
  readonly attentionNorm: GPUBuffer
  /** q, k and v: [(numHeads + 2 numKvHeads) headDim, hidden] */
  readonly qkv: Linear
  /** [hidden, numHeads headDim] */
  readonly output: Linear
  /** [hidden] */
  readonly mlpNorm: GPUBuffer
  /** gate and up: [2 intermediate, hidden] */
  readonly gateUp: Linear
  /** [hidden, intermediate] */
  readonly down: Linear
}

/** Everything a Llama checkpoint holds, on the GPU. */
export interface LlamaTensors {
  /** [vocab, hidden] */
  readonly embedding: Matrix
  readonly layers: readonly LlamaLayer[]
  /** [hidden] */
  readonly finalNorm: GPUBuffer
  /** [vocab, hidden]; the embedding itself where they are tied */
  readonly head: Matrix
}

/** Asks for the tensors of a Llama checkpoint, by Hugging Face's names. */
export function llamaTensors(config: ModelConfig, weights: Weights): LlamaTensors {
  const { hiddenSize, intermediateSize, numHeads, numKvHeads, headDim, vocabSize, attentionBias, mlpBias } = config
  const embedding = { name: 'model.embed_tokens', rows: vocabSize }
  const head = config.tieWordEmbeddings ? embedding : { name: 'lm_head', rows: vocabSize }
  return {
    embedding: weights.linear([embedding], hiddenSize, false).matrix,
    layers: Array.from({ length: config.numLayers }, (_, index) => {
      const layer = `model.layers.${index}`
      const attentionParts = [
        { name: `${layer}.self_attn.q_proj`, rows: numHeads * headDim },
        { name: `${layer}.self_attn.k_proj`, rows: numKvHeads * headDim },
        { name: `${layer}.self_attn.v_proj`, rows: numKvHeads * headDim },
      ]
      const mlpParts = [
        { name: `${layer}.mlp.gate_proj`, rows: intermediateSize },
        { name: `${layer}.mlp.up_proj`, rows: intermediateSize },
      ]
      return {
        attentionNorm: weights.vector(`${layer}.input_layernorm.weight`, hiddenSize),
        qkv: weights.linear(attentionParts, hiddenSize, attentionBias),
        output: weights.linear(
          [{ name: `${layer}.self_attn.o_proj`, rows: hiddenSize }],
          numHeads * headDim,
          attentionBias,
        ),
        mlpNorm: weights.vector(`${layer}.post_attention_layernorm.weight`, hiddenSize),
        gateUp: weights.linear(mlpParts, hiddenSize, mlpBias),
        down: weights.linear([{ name: `${layer}.mlp.down_proj`, rows: hiddenSize }], intermediateSize, mlpBias),
      }
    }),
    finalNorm: weights.vector('model.norm.weight', hiddenSize),
    head: weights.linear([head], hiddenSize, false).matrix,
  }
}

/** The Llama family (arXiv:2302.13971 §2.2; GQA: arXiv:2307.09288) as one ragged step. */
export function llama(parts: ModelParts, tensors: LlamaTensors): Model {
  const { config, context, activations, lastTokens, contextLength } = parts
  const { hiddenSize, rmsNormEps } = config
  const { hidden, normed, drawn, drawnNormed, logits } = activations
  const { gpu } = context
  const table = ropeTable(config, contextLength)
  const ropeBuffer = gpu.createBuffer('rope table', table.byteLength, STORAGE | COPY_DST)
  gpu.device.queue.writeBuffer(ropeBuffer, 0, table)

  const embedTokens = embed(context, tensors.embedding, { lastTokens, x: hidden })
  const layers = tensors.layers.map((layer, index) => {
    const normAttention = rmsNorm(context, hiddenSize, rmsNormEps, {
      x: hidden,
      weight: layer.attentionNorm,
      y: normed,
    })
    const attend = attentionBlock(parts, layer, index, ropeBuffer)
    const normMlp = rmsNorm(context, hiddenSize, rmsNormEps, { x: hidden, weight: layer.mlpNorm, y: normed })
    const feedForward = mlpBlock(parts, layer)
    return (inputs: StepInputs) => {
      normAttention(inputs.numTokens)
      attend(inputs)
      normMlp(inputs.numTokens)
      feedForward(inputs.numTokens)
    }
  })

  const gatherDrawn = gatherRows(context, hiddenSize, { x: hidden, y: drawn })
  const normDrawn = rmsNorm(context, hiddenSize, rmsNormEps, { x: drawn, weight: tensors.finalNorm, y: drawnNormed })
  const project = matmul(context, tensors.head, { x: drawnNormed, y: logits })

  return {
    forward: inputs => {
      embedTokens(inputs.firstToken, inputs.numTokens)
      for (const layer of layers) layer(inputs)
    },
    logits: tokens => {
      gatherDrawn(tokens)
      normDrawn(tokens.length)
      project(tokens.length)
    },
  }
}

/** hidden += output(attention(rope(qkv(normed)))), over the paged cache. */
function attentionBlock(
  { config, context, activations, cache, kvGroupOf }: ModelParts,
  { qkv, output }: LlamaLayer,
  index: number,
  ropeBuffer: GPUBuffer,
): (inputs: StepInputs) => void {
  const { hidden, normed, queries, attended, partialO, partialStats } = activations
  const layer = cache[index]
  const kvLayout = {
    qkvStride: qkv.matrix.rows,
    kOffset: qkv.matrix.partOffset(1),
    vOffset: qkv.matrix.partOffset(2),
  }
  const buffers = { ...layer, q: queries, out: attended, partialO, partialStats }
  const projectQkv = matmul(context, qkv.matrix, { x: normed, bias: qkv.bias, y: activations.qkv })
  const rotate = ropeAppend(context, config, kvLayout, {
    ...layer,
    qkv: activations.qkv,
    table: ropeBuffer,
    q: queries,
  })
  const attend = attentionTiles(config.headDim, context.gpu.limits).map(tile => {
    // a tile smaller than a group of query heads never has items
    if (tile < config.numHeads / config.numKvHeads) return undefined
    return attention(context, config, { queries: tile }, buffers)
  })
  const copy = copyKv(context, config, layer)
  const merge = mergeAttention(context, config, buffers)
  const projectOutput = matmul(
    context,
    output.matrix,
    { x: attended, bias: output.bias, y: hidden },
    { accumulate: true },
  )

  return inputs => {
    const { numTokens } = inputs
    const { attention: plan, ...places } = inputs.groups[kvGroupOf[index]]
    projectQkv(numTokens)
    rotate({ ...inputs, ...places })
    copy(places.firstCopy, places.numCopies)
    plan.items.forEach((items, tile) => {
      attend[tile]?.({ ...plan, ...items })
    })
    merge(plan.firstMerge, plan.numMerges)
    projectOutput(numTokens)
  }
}

/** hidden += down(silu(gate(normed)) · up(normed)). */
function mlpBlock(
  { config, context, activations }: ModelParts,
  { gateUp, down }: LlamaLayer,
): (numTokens: number) => void {
  const { hidden, normed, activated } = activations
  const shape = {
    rowLen: config.intermediateSize,
    stride: gateUp.matrix.rows,
    upOffset: gateUp.matrix.partOffset(1),
  }
  const projectGateUp = matmul(context, gateUp.matrix, { x: normed, bias: gateUp.bias, y: activations.gateUp })
  const activate = swiglu(context, shape, { gate_up: activations.gateUp, y: activated })
  const projectDown = matmul(context, down.matrix, { x: activated, bias: down.bias, y: hidden }, { accumulate: true })
  return numTokens => {
    projectGateUp(numTokens)
    activate(numTokens)
    projectDown(numTokens)
  }
}
