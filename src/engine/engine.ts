import type { Draw } from '../core/batch'
import { abortError, CoppiceError, Disposed, InvalidRequest, UnsupportedModel } from '../core/errors'
import type { ModelConfig } from '../core/model-config'
import { type FinishReason, Sequence } from '../core/sequence'
import type { KernelTime } from '../gpu/profiler'
import type { BlockPool } from '../kv/block-pool'
import type { MemoryPlan } from '../kv/memory-plan'
import { NO_TOKEN } from '../sampler/sampler'
import type { Scheduler } from '../scheduler/scheduler'
import type { Tokenizer } from '../tokenizer/tokenizer'
import { AsyncQueue } from './async-queue'
import { Generation, type GenerationResult } from './generation'
import { Output } from './output'
import type { Prompt } from './prompt'
import type { PromptEncoder } from './prompt-encoder'
import type { Runner } from './runner'
import { type GenerationParams, samplingParams } from './sampling-params'
import { StepLoop } from './step-loop'

export interface GenerateOptions {
  /** Stops the call: prompts that are still running end with `abort` and what they have, then the signal's reason is thrown. */
  readonly signal?: AbortSignal
}

/** Counts since the engine was created; tokens unless the name says otherwise. */
export interface EngineStats {
  readonly adapter: string
  readonly running: number
  readonly waiting: number
  readonly steps: number
  /** Computed for prompts, again after a preemption included. */
  readonly prefillTokens: number
  /** Everything computed: prompts, and drawn tokens fed back. */
  readonly computedTokens: number
  readonly preemptions: number
  readonly totalBlocks: number
  readonly usedBlocks: number
  readonly peakBlocks: number
  /** GPU buffers alive, in bytes. */
  readonly gpuBytes: number
  readonly dispatches: number
  readonly uploadedBytes: number
  readonly readBytes: number
}

/** Everything an engine is made of; `createEngine` puts it together. */
export interface EngineParts {
  readonly modelName: string
  readonly config: ModelConfig
  readonly memory: MemoryPlan
  readonly tokenizer: Tokenizer
  readonly prompts: PromptEncoder
  readonly pool: BlockPool
  readonly scheduler: Scheduler
  readonly runner: Runner
  readonly stepsInFlight: number
}

/** A model on a GPU, ready to answer. Made by `createEngine`. */
export class Engine {
  readonly modelName: string
  readonly config: ModelConfig
  /** How the GPU's memory is divided; `explainMemory` puts it in words. */
  readonly memory: MemoryPlan
  readonly tokenizer: Tokenizer
  readonly #parts: EngineParts
  readonly #loop: StepLoop
  readonly #outputs = new Map<Sequence, { readonly output: Output; readonly generation: Generation }>()
  #numSequences = 0
  #failure: CoppiceError | undefined

  constructor(parts: EngineParts) {
    this.#parts = parts
    this.modelName = parts.modelName
    this.config = parts.config
    this.memory = parts.memory
    this.tokenizer = parts.tokenizer
    this.#loop = new StepLoop({
      ...parts,
      onDraw: (sequence, draw) => this.#onDraw(sequence, draw),
      onError: error => this.#fail(error),
    })
    void parts.runner.lost.then(error => this.#fail(error))
  }

  /**
   * Generates for all prompts together. Results come as they finish; `.all()` gives them in order. A prompt that cannot
   * be served (empty, longer than the context) fails alone: its result carries the error.
   * @param params for all prompts, or one for each
   * @throws InvalidRequest for a bad parameter · Disposed · DeviceLost
   */
  generate(
    prompts: readonly Prompt[],
    params: GenerationParams | readonly GenerationParams[] = {},
    options: GenerateOptions = {},
  ): Generation {
    return this.#start(prompts, params, options)
  }

  /**
   * Generates for one prompt and hands out the text as it comes; returns the result.
   * @throws what `generate` throws, and the error of a prompt that cannot be served
   */
  async *stream(
    prompt: Prompt,
    params: GenerationParams = {},
    options: GenerateOptions = {},
  ): AsyncGenerator<string, GenerationResult, undefined> {
    const text = new AsyncQueue<string>()
    const generation = this.#start([prompt], params, options, piece => text.push(piece))
    const results = generation.all()
    results.then(
      () => text.end(),
      (error: unknown) => text.end({ error }),
    )
    try {
      yield* text
    } finally {
      generation.cancel()
    }
    const [result] = await results
    if (result.error) throw result.error
    return result
  }

  /** Checks parameters as `generate` would. `where` stands before the reason. @throws InvalidRequest */
  checkParams(params: GenerationParams, where?: string): void {
    try {
      samplingParams(params, this.config.vocabSize)
    } catch (error) {
      if (!(error instanceof InvalidRequest) || !where) throw error
      throw new InvalidRequest(`${where}: ${error.message}`, { cause: error })
    }
  }

  stats(): EngineStats {
    const { scheduler, pool, runner } = this.#parts
    const { steps, prefillTokens, decodeTokens, preemptions } = scheduler.stats
    return {
      ...runner.stats(),
      running: scheduler.numRunning,
      waiting: scheduler.numWaiting,
      steps,
      prefillTokens,
      computedTokens: prefillTokens + decodeTokens,
      preemptions,
      totalBlocks: pool.numBlocks,
      usedBlocks: pool.numUsed,
      peakBlocks: pool.peakUsed,
    }
  }

  /** GPU time per kernel so far; empty without the option `profile` or where the device has no timestamps. */
  kernelTimes(): Promise<ReadonlyMap<string, KernelTime>> {
    return this.#parts.runner.kernelTimes()
  }

  /** Frees everything on the GPU (a borrowed device itself stays). Calls that are still running reject with `Disposed`. */
  dispose(): void {
    this.#fail(new Disposed('The engine was disposed.'))
    this.#parts.runner.dispose()
  }

  #start(
    prompts: readonly Prompt[],
    params: GenerationParams | readonly GenerationParams[],
    { signal }: GenerateOptions,
    onText?: (text: string) => void,
  ): Generation {
    if (this.#failure) throw this.#failure
    if (signal?.aborted) throw abortError(signal)
    const { vocabSize } = this.config
    const perPrompt = Array.isArray(params) ? (params as readonly GenerationParams[]) : undefined
    if (perPrompt && perPrompt.length !== prompts.length) {
      throw new InvalidRequest(
        `${perPrompt.length} sets of parameters for ${prompts.length} prompts; give one for all, or one each.`,
      )
    }
    const shared = perPrompt ? undefined : samplingParams(params as GenerationParams, vocabSize)
    const checked = perPrompt?.map(each => samplingParams(each, vocabSize))

    const sequences: Sequence[] = []
    const cancel = () => {
      for (const sequence of sequences) this.#end(sequence, 'abort')
    }
    const generation = new Generation(prompts.length, cancel, signal)
    prompts.forEach((prompt, index) => {
      const own = checked?.[index] ?? shared
      if (!own) return
      try {
        const tokens = this.#parts.prompts.encode(prompt)
        const maxLen = Math.min(tokens.length + own.maxTokens, this.memory.contextLength)
        const sequence = new Sequence(this.#numSequences, tokens, own, maxLen, this.config.eosTokenIds)
        this.#parts.scheduler.add(sequence)
        this.#numSequences += 1
        sequences.push(sequence)
        this.#outputs.set(sequence, { output: new Output(index, sequence, this.tokenizer, onText), generation })
      } catch (error) {
        if (!(error instanceof CoppiceError)) throw error
        generation.deliver(failedResult(index, error))
      }
    })
    this.#loop.wake()
    return generation
  }

  #onDraw(sequence: Sequence, draw: Draw): void {
    const entry = this.#outputs.get(sequence)
    if (!entry) return
    if (draw.tokenId === NO_TOKEN) {
      const { length } = sequence.tokens
      const reason = `No logit after token ${length - 1} is finite: the weights, or their precision, are at fault. Try weights f32.`
      this.#end(sequence, 'error', new UnsupportedModel(reason))
      return
    }
    // the scheduler has finished the sequence if this is an end-of-sequence token or the last that it may have
    const isEos = sequence.finishReason === 'stop'
    if (entry.output.push(draw, isEos)) this.#end(sequence, 'stop')
    else if (sequence.finishReason) this.#end(sequence, sequence.finishReason)
  }

  #end(sequence: Sequence, reason: FinishReason, error?: CoppiceError): void {
    const entry = this.#outputs.get(sequence)
    if (!entry) return
    this.#outputs.delete(sequence)
    this.#parts.scheduler.finish(sequence, reason)
    entry.generation.deliver(entry.output.result(error))
  }

  /** Nothing can go on: every call under way gets the error after the results it has. */
  #fail(error: CoppiceError): void {
    if (this.#failure) return
    this.#failure = error
    const generations = new Set([...this.#outputs.values()].map(({ generation }) => generation))
    for (const sequence of this.#outputs.keys()) this.#parts.scheduler.finish(sequence, 'error')
    this.#outputs.clear()
    for (const generation of generations) generation.fail(error)
  }
}

function failedResult(index: number, error: CoppiceError): GenerationResult {
  const usage = { promptTokens: 0, completionTokens: 0 }
  return { index, text: '', tokenIds: [], promptTokenIds: [], finishReason: 'error', logprobs: undefined, usage, error }
}
