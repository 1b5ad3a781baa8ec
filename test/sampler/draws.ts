import type { Draw } from '../../src/core/batch'
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
  skipSpecialTokens: true,
}

export interface DrawOptions {
  readonly prompt?: readonly number[]
  /** Tokens drawn so far. */
  readonly output?: readonly number[]
  readonly params?: Partial<SamplingParams>
  readonly slot?: number
  /** Tokens at the sequence's end that are on their way, the last one of the chunk among them. */
  readonly numUnknown?: number
  /** Rows of the chunk, each of which draws. */
  readonly numDraws?: number
}

/** The draws of a chunk that computes a sequence's last tokens: one after each, in the first rows of a step. */
export function drawsOf(options: DrawOptions): Draw[] {
  const { prompt = [0], output = [], params, slot = 0, numUnknown = 0, numDraws = 1 } = options
  const sequence = new Sequence(0, [...prompt], { ...GREEDY, ...params }, 1000, [])
  sequence.tokens.push(...output)
  sequence.numPending = numUnknown
  sequence.slot = slot
  const start = sequence.length - numDraws
  const chunk = { sequence, start, count: numDraws, tokens: sequence.tokens.slice(start), slot, groups: [] }
  return Array.from({ length: numDraws }, (_, token) => ({ chunk, token, position: start + token + 1 }))
}

/** The draw of a chunk that computes a sequence's last token. */
export function drawOf(options: DrawOptions): Draw {
  return drawsOf(options)[0]
}
