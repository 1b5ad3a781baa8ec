/**
 * A prompt of a job: its tokens, one at least, and how many it is expected to generate (maxTokens until something
 * better is known).
 */
export interface PlannedPrompt {
  readonly tokens: readonly number[]
  readonly outputTokens: number
}
