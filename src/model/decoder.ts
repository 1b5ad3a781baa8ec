import { embed } from '../kernels/embed'
import { gatherRows } from '../kernels/gather-rows'
import { softcap } from '../kernels/softcap'
import { attentionBlock } from './attention-block'
import { linear } from './linear'
import { mlpBlock } from './mlp-block'
import type { Model, ModelParts } from './model'
import { norm } from './norm'
import { residualStream } from './residual'
import type { DecoderTensors } from './tensors'

/**
 * A decoder-only transformer, whichever `config` describes, as one ragged step:
 *
 *     h = embedding(tokens) (+ positions)
 *     for each layer:
 *       h += attention(norm(h))
 *       h += mlp(norm(h))              or both of the same h, side by side
 *     logits = head(norm(h))           of the rows that draw
 */
export function decoder(parts: ModelParts, tensors: DecoderTensors): Model {
  const { config, context, activations, lastTokens } = parts
  const { hidden, drawn, drawnNormed, logits } = activations
  const { embedding, positions, head, finalNorm } = tensors
  const embedTokens = embed(context, embedding, { lastTokens, x: hidden }, { scale: config.embeddingScale })
  const addPositions = positions && embed(context, positions, { lastTokens, x: hidden }, { accumulate: true })

  const stream = residualStream(
    parts,
    tensors.layers.flatMap(({ attention, mlp }) => [attention, mlp]),
  )
  const layers = tensors.layers.map(({ attention, mlp }, index) => [
    attentionBlock(parts, attention, stream(attention), index),
    mlpBlock(parts, mlp, stream(mlp)),
  ])
  /** Blocks that read the same h. */
  const stages = config.isParallel ? layers : layers.flat().map(block => [block])

  const gatherDrawn = gatherRows(context, config.hiddenSize, { x: hidden, y: drawn })
  const normDrawn = norm(context, config, finalNorm, { x: drawn, y: drawnNormed })
  const { logitScale: scale, logitSoftcap } = config
  const project = linear(context, head, { x: drawnNormed, y: logits }, { scale })
  const cap = logitSoftcap === undefined ? undefined : softcap(context, logitSoftcap, logits)
  const projectDrawn = cap ? undefined : linear(context, head, { x: drawnNormed, y: logits }, { scale, isDrawn: true })

  const vectors = (tokens: ArrayLike<number>) => {
    gatherDrawn(tokens)
    normDrawn(tokens.length)
  }

  return {
    forward: (inputs, onStage) => {
      const { firstToken, firstPosition, numTokens } = inputs
      embedTokens(firstToken, numTokens)
      addPositions?.(firstPosition, numTokens)
      for (const [index, blocks] of stages.entries()) {
        for (const block of blocks) block.compute(inputs)
        for (const block of blocks) block.add(numTokens)
        onStage?.((index + 1) / stages.length)
      }
    },
    vectors,
    logits: tokens => {
      vectors(tokens)
      project(tokens.length)
      cap?.(tokens.length * config.vocabSize)
    },
    candidates:
      projectDrawn &&
      ((tokens, firstDraw) => {
        vectors(tokens)
        projectDrawn(tokens.length, firstDraw)
      }),
  }
}
