import type { Sequence } from './sequence'

/** One sequence's share of a step: tokens [start, start + count) of it are computed. */
export interface Chunk {
  readonly sequence: Sequence
  /** Position of the first token, in tokens from the sequence's start. */
  readonly start: number
  /** At least 1. */
  readonly count: number
  /** Their ids, as far as they are known: the last may be on its way from the GPU, which finds it in `slot`. */
  readonly tokens: readonly number[]
  /** Where the GPU keeps the sequence's last drawn token. */
  readonly slot: number
  /** [groups] */
  readonly groups: readonly ChunkBlocks[]
}

/** Where a chunk's K and V are in the layers of one KV group. */
export interface ChunkBlocks {
  /** Block table at the time of scheduling; covers [0, start + count). Before what the chunk sees it may name any blocks. */
  readonly blockTable: readonly number[]
  /** K and V that go into the sequence's own blocks before they are read: those of tokens that others have computed. */
  readonly copies: readonly Copy[]
}

/** A copy of one token's K and V, in all layers of a group; places are block · BLOCK_LEN + offset in the block. */
export interface Copy {
  readonly from: number
  readonly to: number
}

/** The work of one step: a flat, ragged list of tokens, some of whose rows are drawn from. */
export interface Batch {
  readonly chunks: readonly Chunk[]
  /** Sum of the chunks' counts. */
  readonly numTokens: number
  /** Any number for a chunk; those of a sequence in the order of their positions. */
  readonly draws: readonly Draw[]
}

/** A row of a step that is wanted for itself: its logits give a token, or, within a prompt, are only read. */
export interface Draw {
  readonly chunk: Chunk
  /** Index of the row in the step's list of tokens. */
  readonly token: number
  /** Position of the token to draw, in tokens from the sequence's start: the one after the row's. */
  readonly position: number
  /** Tokens whose log-probabilities in that place are wanted. */
  readonly scored?: readonly number[]
  /** The row's vector is wanted, and no token. */
  readonly isVector?: boolean
}

/** Whether the token after the row is known: it is the prompt's, and not drawn. */
export function isInPrompt({ chunk, position }: Draw): boolean {
  return position < chunk.sequence.promptLen
}

/** The outcome of a draw. */
export interface Drawn {
  /** Of a row that is only read, whatever comes first there. */
  readonly tokenId: number
  /** Natural log-probability of `tokenId` under the model (before temperature and truncation); if asked. */
  readonly logprob?: number
  /** The most likely tokens, best first; as many as asked. */
  readonly topLogprobs?: readonly { readonly tokenId: number; readonly logprob: number }[]
  /** [scored] Natural log-probabilities of the tokens that are scored. */
  readonly scores?: Float32Array
  /** [hiddenSize] The final norm's output in the row, if that is wanted. */
  readonly vector?: Float32Array
}
