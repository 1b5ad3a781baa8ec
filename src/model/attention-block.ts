import { assert } from '../core/assert'
import type { LayerConfig } from '../core/model-config'
import { attention, attentionTiling } from '../kernels/attention'
import { copyKv } from '../kernels/copy-kv'
import type { KvLayer } from '../kernels/kv-cache'
import { matmul } from '../kernels/matmul'
import { mergeAttention } from '../kernels/merge-attention'
import { qkNorm } from '../kernels/qk-norm'
import { ropeAppend } from '../kernels/rope-append'
import type { ModelParts, StepInputs } from './model'
import type { StreamInput } from './residual'
import type { LayerTensors } from './tensors'

/** attended = attention(rope(norm(qkv(x)))), over the paged cache. */
export function attentionBlock(
  parts: ModelParts,
  { qkv, qNorm, kNorm }: LayerTensors,
  { x, norm }: StreamInput,
  cache: KvLayer,
  { rope, window }: LayerConfig,
  table: GPUBuffer | undefined,
  kvGroup: number,
): (inputs: StepInputs) => void {
  const { config, context, activations } = parts
  const { queries, attended, partialO, partialStats } = activations
  const [, kOffset, vOffset] = qkv.offsets
  const stride = qkv.matrix.rows
  const buffers = { ...cache, q: queries, out: attended, partialO, partialStats }
  const projectQkv = matmul(context, qkv.matrix, { x, bias: qkv.bias, y: activations.qkv }, { norm })
  const normQk = qNorm && kNorm && normOfQk(parts, { stride, kOffset }, qNorm.weight, kNorm.weight)
  const rotate = ropeAppend(
    context,
    config,
    { qkvStride: stride, kOffset, vOffset },
    { rotaryDim: rope?.dim ?? 0, scale: config.attentionScale },
    { ...cache, qkv: activations.qkv, table, q: queries },
  )
  const { groupSize, tiles } = attentionTiling(config, context.gpu.limits)
  const scores = { groupSize, window, softcap: config.attentionSoftcap }
  const attend = tiles.map(tile => attention(context, config, { ...scores, queries: tile }, buffers))
  const copy = copyKv(context, config, cache)
  const merge = mergeAttention(context, config, buffers)

  return inputs => {
    const { numTokens, firstPosition, groups } = inputs
    const { firstDestination, firstCopy, numCopies, attention: plan } = groups[kvGroup]
    projectQkv(numTokens)
    normQk?.(numTokens)
    rotate({ numTokens, firstPosition, firstDestination })
    copy(firstCopy, numCopies)
    plan.items.forEach((items, tile) => {
      attend[tile](items)
    })
    merge(plan.firstMerge, plan.numMerges)
  }
}

/** q and k = norm(q) and norm(k), head by head or all heads as one vector. */
function normOfQk(
  { config, context, activations: { qkv } }: ModelParts,
  layout: { readonly stride: number; readonly kOffset: number },
  qWeight: GPUBuffer,
  kWeight: GPUBuffer,
): (numTokens: number) => void {
  const { numHeads, numKvHeads, headDim, normEps } = config
  assert(config.qkNorm !== undefined, 'q and k have norms of a kind')
  const vectors =
    config.qkNorm === 'head'
      ? { qVectors: numHeads, kVectors: numKvHeads, qLen: headDim, kLen: headDim }
      : { qVectors: 1, kVectors: 1, qLen: numHeads * headDim, kLen: numKvHeads * headDim }
  return qkNorm(context, { ...layout, ...vectors }, normEps, { qkv, qWeight, kWeight })
}
