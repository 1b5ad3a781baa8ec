import { assert } from '../core/assert'
import { attention } from '../kernels/attention'
import { copyKv } from '../kernels/copy-kv'
import { mergeAttention } from '../kernels/merge-attention'
import { qkNorm } from '../kernels/qk-norm'
import { ropeAppend } from '../kernels/rope-append'
import { linear } from './linear'
import type { Block, ModelParts } from './model'
import type { BlockStream } from './residual'
import type { AttentionTensors } from './tensors'

/** h += output(attention(rope(norm(qkv(x))))), with x = norm(h), over the paged cache of the layer `index`. */
export function attentionBlock(
  parts: ModelParts,
  tensors: AttentionTensors,
  stream: BlockStream,
  index: number,
): Block {
  const { config, context, activations, tiling, ropeTables } = parts
  const { queries, attended, partialO, partialStats } = activations
  const { qkv, output } = tensors
  const { rope, window } = config.layers[index]
  const cache = parts.cache[index]
  const kvGroup = parts.kvGroupOf[index]
  const [, kOffset, vOffset] = qkv.offsets
  const buffers = { ...cache, q: queries, out: attended, partialO, partialStats }
  const projectQkv = linear(context, qkv, { ...stream.input, y: activations.qkv })
  const normQk = normOfQk(parts, tensors)
  const { qNorm, kNorm } = tensors
  // a norm that follows the rotation: the division commutes with it, the weights do not
  const isLate = config.qkNorm === 'turned-head' && qNorm && kNorm
  const weights = isLate ? { q: qNorm.weight, k: kNorm.weight } : undefined
  const rotate = ropeAppend(
    context,
    config,
    { qkvStride: qkv.matrix.rows, kOffset, vOffset },
    { rotaryDim: rope?.dim ?? 0, scale: config.attentionScale, growth: config.queryGrowth },
    { ...cache, qkv: activations.qkv, table: rope && ropeTables.get(rope), q: queries, weights },
  )
  const scores = { groupSize: tiling.groupSize, window, softcap: config.attentionSoftcap }
  const attend = tiling.tiles.map(tile => attention(context, config, { ...scores, queries: tile }, buffers))
  const copy = copyKv(context, config, cache)
  const merge = mergeAttention(context, config, buffers)

  return {
    compute: ({ numTokens, firstPosition, groups }) => {
      const { firstDestination, firstCopy, numCopies, attention: plan } = groups[kvGroup]
      stream.read(numTokens)
      projectQkv(numTokens)
      normQk?.(numTokens)
      rotate({ numTokens, firstPosition, firstDestination })
      copy(firstCopy, numCopies)
      plan.items.forEach((items, tile) => {
        attend[tile](items)
      })
      merge(plan.firstMerge, plan.numMerges)
    },
    add: stream.add(output, attended),
  }
}

/** q and k = norm(q) and norm(k), head by head or all heads as one vector; undefined where the model has no such norms. */
function normOfQk(
  { config, context, activations }: ModelParts,
  { qkv, qNorm, kNorm }: AttentionTensors,
): ((numTokens: number) => void) | undefined {
  if (!qNorm || !kNorm) return undefined
  const { numHeads, numKvHeads, headDim, normEps } = config
  assert(config.qkNorm !== undefined, 'q and k have norms of a kind')
  const vectors =
    config.qkNorm !== 'projection'
      ? { qVectors: numHeads, kVectors: numKvHeads, qLen: headDim, kLen: headDim }
      : { qVectors: 1, kVectors: 1, qLen: numHeads * headDim, kLen: numKvHeads * headDim }
  const shape = {
    stride: qkv.matrix.rows,
    kOffset: qkv.offsets[1],
    ...vectors,
    isWeighted: config.qkNorm !== 'turned-head',
  }
  return qkNorm(context, shape, normEps, { qkv: activations.qkv, qWeight: qNorm.weight, kWeight: kNorm.weight })
}
