import type { WeightedRows } from '../kernels/matmul-outputs'
import { type LinearInput, linear } from './linear'
import type { ModelParts } from './model'
import { norm } from './norm'
import type { BlockNorms } from './tensors'
import type { Linear } from './weights'

/** The residual stream h, f32 [T, hidden], as one block sees it. */
export interface BlockStream {
  /** norm(h), or h in a model without such a norm: for the block's products, once `read` is recorded. */
  readonly input: LinearInput
  /** Records norm(h), as far as the addition before has not done it. */
  read(numTokens: number): void
  /** Returns the recorder of h += residualScale · layer(x), or of h += norm(layer(x)) where what is added is normed. */
  add(layer: Linear, x: GPUBuffer): (numTokens: number) => void
}

/**
 * The residual stream of a model, by block. It knows the order of the norms: `blocks` are all blocks as they follow each other.
 *
 * Who adds to h has its new values in registers, so it also does the greater part of an RMSNorm that reads h next, which saves a
 * dispatch and a reading of h. That cannot be where a norm stands between product and addition, nor where two blocks read the same h.
 */
export function residualStream(
  { config, context, activations: { hidden, normed } }: ModelParts,
  blocks: readonly BlockNorms[],
): (block: BlockNorms) => BlockStream {
  const weighted: WeightedRows = { rows: normed, firstSum: hidden.size / Float32Array.BYTES_PER_ELEMENT }
  const { residualScale: scale, normEps: eps } = config
  const isFused = config.norm === 'rms' && !config.isParallel
  /** The norm that the addition of block `at` begins for the block after it. */
  const begun = (at: number) => (isFused && blocks[at]?.postNorm === undefined ? blocks[at + 1]?.norm : undefined)

  return block => {
    const { norm: own, postNorm } = block
    const at = blocks.indexOf(block)
    const isBegun = at > 0 && begun(at - 1) !== undefined
    // attention and MLP side by side may read the same
    const isThere = config.isParallel && own !== undefined && blocks[at - 1]?.norm === own
    const readNorm = own && !isBegun && !isThere ? norm(context, config, own, { x: hidden, y: normed }) : undefined
    return {
      input: { x: own ? normed : hidden, norm: isBegun ? { ...weighted, eps } : undefined },
      read: numTokens => readNorm?.(numTokens),
      add: (layer, x) => {
        if (!postNorm) {
          const after = begun(at)
          const next = after && { ...weighted, weight: after.weight }
          return linear(context, layer, { x, y: hidden }, { accumulate: true, scale, next })
        }
        // what the block has read is no longer needed
        const project = linear(context, layer, { x, y: normed }, { scale })
        const addNormed = norm(context, config, postNorm, { x: normed, y: hidden }, { accumulate: true })
        return numTokens => {
          project(numTokens)
          addNormed(numTokens)
        }
      },
    }
  }
}
