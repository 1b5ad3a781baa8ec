import type { ModelConfig } from '../core/model-config'
import type { AttentionItems, AttentionTiling } from '../kernels/attention'
import type { KernelContext } from '../kernels/context'
import type { KvLayer } from '../kernels/kv-cache'
import type { Activations } from './activations'
import type { RopeTables } from './rope-tables'

/** The inputs of one step: how many there are, and where they lie in the step's arena, in words. */
export interface StepInputs {
  readonly numTokens: number
  /** [numTokens] token ids; with the top bit set, the slot whose last drawn token it is. */
  readonly firstToken: number
  /** [numTokens] positions in the tokens' sequences. */
  readonly firstPosition: number
  /** [groups] The lists of each KV group (core/kv-groups.ts). */
  readonly groups: readonly GroupInputs[]
}

/** The inputs of the layers of one KV group, which have their own blocks and see equally far. */
export interface GroupInputs {
  /** [numTokens] where K and V go: block · BLOCK_LEN + offset in the block. */
  readonly firstDestination: number
  /** [numCopies][from, to] tokens whose K and V are copied before attention, as block · BLOCK_LEN + offset in the block. */
  readonly firstCopy: number
  readonly numCopies: number
  readonly attention: AttentionInputs
}

/** An attention plan (attention/plan.ts) in the arena. */
export interface AttentionInputs {
  /** [tiles] The work items of each tile shape of the kernel, and the lists that all share. */
  readonly items: readonly AttentionItems[]
  readonly firstMerge: number
  readonly numMerges: number
}

/** The parts that a model is built from, and the buffers that it works in. */
export interface ModelParts {
  readonly config: ModelConfig
  readonly context: KernelContext
  readonly activations: Activations
  readonly tiling: AttentionTiling
  /** [layers] */
  readonly cache: readonly KvLayer[]
  /** [layers] The KV group that each layer is in. */
  readonly kvGroupOf: readonly number[]
  /** u32 [slots]: the token last drawn in each slot */
  readonly lastTokens: GPUBuffer
  readonly ropeTables: RopeTables
}

/** A part of a layer, attention or MLP: adds to the residual stream h what it computes of it. */
export interface Block {
  /** Records what is to be added, and leaves h as it is. */
  compute(inputs: StepInputs): void
  /** Records its addition to h. */
  add(numTokens: number): void
}

/** A decoder-only transformer, as recorders of dispatches. */
export interface Model {
  /**
   * Records the layers for the step's tokens: fills the KV cache and `activations.hidden`. `onStage`: called where the step can be cut, with
   * the share of the layers that is recorded.
   */
  forward(inputs: StepInputs, onStage?: (share: number) => void): void
  /** Records the logits of some rows of `hidden`: row i of `activations.logits` is that of token `tokens[i]`. */
  logits(tokens: ArrayLike<number>): void
  /** Records the vectors of some rows of `hidden`, the final norm's: row i of `activations.drawnNormed` is that of token `tokens[i]`. */
  vectors(tokens: ArrayLike<number>): void
  /**
   * Records, in place of some rows of logits, the candidates among them for draws whose records start at `firstDraw` in the
   * arena (kernels/first-candidate.ts), in the same buffer. Absent where logits are capped.
   */
  readonly candidates?: (tokens: ArrayLike<number>, firstDraw: number) => void
}
