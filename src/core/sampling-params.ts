import type { ReadParams } from './reads'
import type { StructuredOutputs } from './structured-outputs'

/** Most likely tokens that a draw can report (OpenAI's limit): bounds the results and the kernel's passes for them. */
export const MAX_LOGPROBS = 20

/** How the next token is drawn. Temperature 0 is greedy. Checked and completed by `samplingParams` (engine). */
export interface SamplingParams extends ReadParams {
  /** Most tokens to generate. */
  readonly maxTokens: number
  /** 0: always the most likely token (lowest id on a tie). */
  readonly temperature: number
  /** Keep the k most likely tokens; 0: all. */
  readonly topK: number
  /** Keep the smallest set of most likely tokens whose probabilities sum to at least this; 1: all. */
  readonly topP: number
  /** Keep tokens at least this fraction as likely as the most likely one; 0: all. */
  readonly minP: number
  /** u32. The same seed, prompt and parameters give the same tokens, whatever else is in the batch. */
  readonly seed: number
  /** > 1 discourages tokens of the prompt and the output (CTRL, arXiv:1909.05858 §4.1); 1: off. */
  readonly repetitionPenalty: number
  /** Subtracted once from the logit of every token already in the output; 0: off. */
  readonly presencePenalty: number
  /** Subtracted per occurrence in the output; 0: off. */
  readonly frequencyPenalty: number
  /** Added to the logits of these token ids. */
  readonly logitBias: ReadonlyMap<number, number>
  /** Report the log-probability of each drawn token and of this many most likely ones; undefined: none. */
  readonly logprobs: number | undefined
  /** Texts that end the generation; they are not part of the result. */
  readonly stop: readonly string[]
  /** Go on past end-of-sequence tokens. */
  readonly ignoreEos: boolean
  /** Leave special tokens out of the text. */
  readonly skipSpecialTokens: boolean
  /** What the text must be: JSON of a schema, or a match of an expression, of a list, of a grammar; undefined: anything. */
  readonly structuredOutputs?: StructuredOutputs
}

/** Whether a draw needs the tokens before it on the CPU, so that its step is decided only once they have arrived. */
export function waitsForDraws(params: SamplingParams): boolean {
  return isEditedByHistory(params) || params.structuredOutputs !== undefined
}

/** Whether the tokens before a draw edit its logits, each of them: penalties. */
export function isEditedByHistory(params: SamplingParams): boolean {
  return params.repetitionPenalty !== 1 || params.presencePenalty !== 0 || params.frequencyPenalty !== 0
}
