/**
 * A prompt of a job: its tokens, one at least, and how many it is expected to generate (maxTokens until something
 * better is known).
 */
export interface PlannedPrompt {
  readonly tokens: readonly number[]
  readonly outputTokens: number
  /** Tokens that it takes over from others at most; default: all but the last. Those after them it computes, whoever has them. */
  readonly numTakeable?: number
}
