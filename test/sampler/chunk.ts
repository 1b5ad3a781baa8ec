import type { Chunk } from '../../src/core/batch'
import type { SamplingParams } from '../../src/core/sampling-params'
import { Sequence } from '../../src/core/sequence'

const GREEDY: SamplingParams = {
  maxTokens: 100,
  temperature: 0,
  topK: 0,
  topP: 1,
  minP: 0,
  seed: 0,
  repetitionPenalty: 1,
  presencePenalty: 0,
  frequencyPenalty: 0,
  logitBias: new Map(),
  logprobs: undefined,
  stop: [],
  ignoreEos: false,
}

export interface ChunkOptions {
  readonly prompt?: readonly number[]
  /** Tokens drawn so far. */
  readonly output?: readonly number[]
  readonly params?: Partial<SamplingParams>
  readonly slot?: number
  /** Draws on their way, with the chunk's own. */
  readonly numPending?: number
}

/** The chunk that computes a sequence's last token and draws the next. */
export function chunkOf({ prompt = [0], output = [], params, slot = 0, numPending = 1 }: ChunkOptions): Chunk {
  const sequence = new Sequence(0, [...prompt], { ...GREEDY, ...params }, 1000, [])
  sequence.tokens.push(...output)
  sequence.numPending = numPending
  sequence.slot = slot
  return { sequence, start: prompt.length + output.length - 1, count: 1, draws: true, slot, groups: [] }
}
