import type { CoppiceError } from '../core/errors'
import type { FinishReason } from '../core/sequence'

export interface TokenLogprob {
  readonly tokenId: number
  readonly logprob: number
  /** Most likely tokens, best first; as many as `logprobs` asked. */
  readonly topLogprobs: readonly { readonly tokenId: number; readonly logprob: number }[]
}

/** What became of one prompt. */
export interface GenerationResult {
  /** Index of the prompt in the call. */
  readonly index: number
  readonly text: string
  /** Generated tokens, without the end-of-sequence token. */
  readonly tokenIds: readonly number[]
  readonly promptTokenIds: readonly number[]
  /** `stop`: end of sequence or a stop string; `length`: `maxTokens` or the context is full; `abort`; `error`. */
  readonly finishReason: FinishReason
  /** One for each generated token, if asked. */
  readonly logprobs: readonly TokenLogprob[] | undefined
  readonly usage: { readonly promptTokens: number; readonly completionTokens: number }
  /** Why this prompt failed, when `finishReason` is `error`; the others went on. */
  readonly error: CoppiceError | undefined
}

/**
 * The results of one `generate` call, in the order in which they finish. Leaving the loop early, or aborting,
 * stops the prompts that are still running.
 */
export class Generation implements AsyncIterable<GenerationResult> {
  private readonly finished: GenerationResult[] = []
  private numDelivered = 0
  private failure: { readonly error: unknown } | undefined
  private wake: (() => void) | undefined

  constructor(
    /** Prompts in the call. */
    readonly size: number,
    private readonly cancel: () => void,
  ) {}

  /** For the engine: a prompt is done. */
  deliver(result: GenerationResult): void {
    this.finished.push(result)
    this.wake?.()
  }

  /** For the engine: no more results will come. What was delivered before is still handed out first. */
  fail(error: unknown): void {
    this.failure ??= { error }
    this.wake?.()
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<GenerationResult, void, undefined> {
    try {
      while (this.numDelivered < this.size) {
        const result = this.finished[this.numDelivered]
        if (result) {
          this.numDelivered += 1
          yield result
        } else if (this.failure) {
          throw this.failure.error
        } else {
          await new Promise<void>(resolve => {
            this.wake = resolve
          })
        }
      }
      if (this.failure) throw this.failure.error
    } finally {
      if (this.finished.length < this.size) this.cancel()
    }
  }

  /** All results in the order of the prompts. */
  async all(): Promise<GenerationResult[]> {
    const results: GenerationResult[] = new Array(this.size)
    for await (const result of this) results[result.index] = result
    return results
  }
}
