import { abortError, type CoppiceError, InvalidRequest } from '../core/errors'
import type { FinishReason } from '../core/sequence'
import type { JobPlan } from '../planner/plan-job'
import { AsyncQueue } from './async-queue'

/** A token that was drawn, or might have been. */
export interface ScoredToken {
  readonly tokenId: number
  /** Natural, under the model: before temperature and truncation. */
  readonly logprob: number
  /** The text that the token adds, U+FFFD for parts of characters; for a token that adds nothing, its name. */
  readonly text: string
  /** The bytes that the token adds: those of all drawn tokens joined are their text in UTF-8. */
  readonly bytes: readonly number[]
}

export interface TokenLogprob extends ScoredToken {
  /** Most likely tokens, best first; as many as `logprobs` asked. */
  readonly topLogprobs: readonly ScoredToken[]
}

/** The outcome of one prompt. */
export interface GenerationResult {
  /** Index of the prompt in the call. */
  readonly index: number
  readonly text: string
  /** Generated tokens, an end-of-sequence token included, as in vLLM; the text goes without it. */
  readonly tokenIds: readonly number[]
  readonly promptTokenIds: readonly number[]
  /** `stop`: end of sequence or a stop string; `length`: `maxTokens` or the context is full; `abort`; `error`. */
  readonly finishReason: FinishReason
  /** One for each generated token, if asked. */
  readonly logprobs: readonly TokenLogprob[] | undefined
  /** [promptTokens] One for each token of the prompt, if `promptLogprobs` asks; none for the first, before which there is nothing. */
  readonly promptLogprobs?: readonly (TokenLogprob | undefined)[]
  /** [places][tokenIds] Natural log-probabilities of what `scored` asks for, each place's in the order given. */
  readonly scores?: readonly (readonly number[])[]
  /** [hiddenSize] If `embedding` asks: as the model gives it, of any length. */
  readonly embedding?: Float32Array
  readonly usage: {
    readonly promptTokens: number
    readonly completionTokens: number
    /** Tokens of the prompt that others had computed, or earlier calls: taken over, not computed again. */
    readonly cachedTokens: number
  }
  /** Why this prompt failed, when `finishReason` is `error`; the others went on. */
  readonly error: CoppiceError | undefined
}

/** The result of a prompt of which nothing was computed: it cannot be served, or was stopped before. */
export function emptyResult(index: number, error?: CoppiceError): GenerationResult {
  return {
    index,
    text: '',
    tokenIds: [],
    promptTokenIds: [],
    finishReason: error ? 'error' : 'abort',
    logprobs: undefined,
    usage: { promptTokens: 0, completionTokens: 0, cachedTokens: 0 },
    error,
  }
}

/**
 * The results of one `generate` call, in the order in which they finish; iterate once. Leaving the loop early stops the
 * prompts that are still running.
 */
export interface Generation extends AsyncIterable<GenerationResult> {
  /** Prompts in the call. */
  readonly size: number
  /** How those of them that can run were planned; rejects with what ended the call before. */
  readonly plan: Promise<JobPlan>
  /** Stops the prompts that are still running; they end with `abort`. */
  cancel(): void
  /** @throws InvalidRequest at the second time: results are handed out once */
  [Symbol.asyncIterator](): AsyncGenerator<GenerationResult, void, undefined>
  /** All results in the order of the prompts. @throws InvalidRequest if some were read before */
  all(): Promise<GenerationResult[]>
}

/** A generation as whoever makes its results has it. */
export class ResultQueue implements Generation {
  readonly #results = new AsyncQueue<GenerationResult>()
  readonly #signal: AbortSignal | undefined
  #numDelivered = 0
  #isRead = false
  /** The error to throw, once the prompts that were stopped have delivered what they have. */
  #stopped: { readonly error: unknown } | undefined

  constructor(
    readonly size: number,
    readonly plan: Promise<JobPlan>,
    readonly cancel: () => void,
    signal?: AbortSignal,
  ) {
    this.#signal = signal
    if (size === 0) this.#results.end()
    else signal?.addEventListener('abort', this.#onAbort)
  }

  /** Every prompt has a result. */
  get isComplete(): boolean {
    return this.#numDelivered === this.size
  }

  /** A prompt is done. */
  deliver(result: GenerationResult): void {
    this.#results.push(result)
    this.#numDelivered += 1
    if (this.isComplete) this.#end(this.#stopped)
  }

  /** Stops the prompts that are still running; when they have delivered what they have, the error is thrown. */
  stop(error: unknown): void {
    this.#stopped ??= { error }
    this.cancel()
  }

  /** No more results will come. What was delivered before is still handed out first. */
  fail(error: unknown): void {
    this.#end({ error })
  }

  [Symbol.asyncIterator](): AsyncGenerator<GenerationResult, void, undefined> {
    if (this.#isRead) {
      throw new InvalidRequest(
        'The results of this generation are read already, and handed out only once. Keep them, or take `.all()` alone.',
      )
    }
    this.#isRead = true
    return this.#read()
  }

  async all(): Promise<GenerationResult[]> {
    const results: GenerationResult[] = new Array(this.size)
    for await (const result of this) results[result.index] = result
    return results
  }

  async *#read(): AsyncGenerator<GenerationResult, void, undefined> {
    try {
      yield* this.#results
    } finally {
      if (!this.isComplete) this.cancel()
    }
  }

  readonly #onAbort = () => this.stop(abortError(this.#signal))

  #end(failure?: { readonly error: unknown }): void {
    this.#signal?.removeEventListener('abort', this.#onAbort)
    this.#results.end(failure)
  }
}
