import type { ModelConfig } from '../../index'

/** The work that a set of sequences asks for, prompts and generated tokens alike. */
export interface Work {
  /** Tokens of all sequences. */
  readonly tokens: number
  /** Pairs of a token and a key that it attends to, itself included. */
  readonly attended: number
}

/** Work of each sequence on its own, and of their prefix tree, where what several begin with is computed once. */
export interface Bounds {
  readonly alone: Work
  readonly tree: Work
  /** Factor by which there is less to compute: no sharing can be faster than this, where the time goes by tokens. */
  readonly tokenRatio: number
}

/** Bounds of `sequences`, `[n][len]`, each a prompt and its answer. They count tokens: whole blocks and forced recomputation come on top. */
export function bounds(sequences: readonly (readonly number[])[]): Bounds {
  const sorted = [...sequences].sort(compare)
  const lengths = sorted.map(({ length }) => length)
  // in sorted order a sequence shares with those before it what it shares with the last of them
  const shared = sorted.map((sequence, index) => (index === 0 ? 0 : commonLen(sorted[index - 1], sequence)))
  const alone = { tokens: sum(lengths), attended: sum(lengths.map(triangle)) }
  const tree = { tokens: alone.tokens - sum(shared), attended: alone.attended - sum(shared.map(triangle)) }
  return { alone, tree, tokenRatio: alone.tokens / tree.tokens }
}

/** Sizes of a decoder, in weights. */
export interface Parameters {
  /** Matrices of all layers: each weight costs a multiplication and an addition for each token computed. */
  readonly layers: number
  /** The LM head, for each token drawn. */
  readonly head: number
}

export function parameters({ hiddenSize, intermediateSize, vocabSize, ...config }: ModelConfig): Parameters {
  const { numLayers, numHeads, numKvHeads, headDim, isGated } = config
  const attention = hiddenSize * headDim * (2 * numHeads + 2 * numKvHeads)
  return {
    layers: numLayers * (attention + (isGated ? 3 : 2) * hiddenSize * intermediateSize),
    head: vocabSize * hiddenSize,
  }
}

/** Floating-point operations, a multiplication and an addition counted as two. */
export interface Flops {
  readonly matrices: number
  readonly attention: number
}

/** Operations that a model takes for `work`, of which `drawn` tokens are generated. */
export function flops(config: ModelConfig, { tokens, attended }: Work, drawn: number): Flops {
  const { layers, head } = parameters(config)
  const { numLayers, numHeads, headDim } = config
  return { matrices: 2 * (layers * tokens + head * drawn), attention: 4 * numLayers * numHeads * headDim * attended }
}

function compare(a: readonly number[], b: readonly number[]): number {
  const at = commonLen(a, b)
  return at < a.length && at < b.length ? a[at] - b[at] : a.length - b.length
}

function commonLen(a: readonly number[], b: readonly number[]): number {
  const most = Math.min(a.length, b.length)
  let length = 0
  while (length < most && a[length] === b[length]) length += 1
  return length
}

function triangle(n: number): number {
  return (n * (n + 1)) / 2
}

export function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0)
}
