import type { Draw } from '../core/batch'
import { BLOCK_LEN } from '../core/block'
import { abortError, CoppiceError, Disposed, InvalidRequest, UnsupportedModel } from '../core/errors'
import type { ModelConfig } from '../core/model-config'
import type { SamplingParams } from '../core/sampling-params'
import { type FinishReason, Sequence } from '../core/sequence'
import type { KernelTime } from '../gpu/profiler'
import type { MemoryPlan } from '../kv/memory-plan'
import type { JobPlan } from '../planner/plan-job'
import { NO_TOKEN } from '../sampler/sampler'
import type { Scheduler } from '../scheduler/scheduler'
import type { Tokenizer } from '../tokenizer/tokenizer'
import { AsyncQueue } from './async-queue'
import { failedResult, Generation, type GenerationResult } from './generation'
import { Job, type JobSettings } from './job'
import { Output } from './output'
import type { Prompt } from './prompt'
import type { PromptEncoder } from './prompt-encoder'
import type { Runner } from './runner'
import { type GenerationParams, paramsOfEach, samplingParams } from './sampling-params'
import type { EngineStats } from './stats'
import { StepLoop } from './step-loop'
import type { WeightKind } from './weight-report'

export interface GenerateOptions {
  /** Stops the call: prompts that are still running end with `abort` and what they have, then the signal's reason is thrown. */
  readonly signal?: AbortSignal
}

/** Everything an engine is made of; `createEngine` puts it together. */
export interface EngineParts {
  readonly modelName: string
  readonly config: ModelConfig
  readonly memory: MemoryPlan
  readonly decisions: readonly string[]
  readonly weights: readonly WeightKind[]
  readonly tokenizer: Tokenizer
  readonly prompts: PromptEncoder
  readonly jobs: JobSettings
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
  /** What was chosen where an option was `auto`, and why; for people. */
  readonly decisions: readonly string[]
  /** What the matrices were in the model's files, what they are kept as, and what was lost by that. */
  readonly weights: readonly WeightKind[]
  readonly tokenizer: Tokenizer
  readonly #parts: EngineParts
  readonly #loop: StepLoop
  readonly #outputs = new Map<
    Sequence,
    { readonly output: Output; readonly generation: Generation; readonly job: Job }
  >()
  #numSequences = 0
  /** Of all plans so far: each call's groups get numbers of their own. */
  #numGroups = 0
  #failure: CoppiceError | undefined

  /** @internal What it is made of would stand in everybody's types. */
  constructor(parts: EngineParts) {
    this.#parts = parts
    this.modelName = parts.modelName
    this.config = parts.config
    this.memory = parts.memory
    this.decisions = parts.decisions
    this.weights = parts.weights
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

  /**
   * What `generate` would do with these prompts, from an empty cache, without doing it: what they share, in which order
   * they would run, and what that comes to. Prompts that cannot be served are left out.
   * @throws InvalidRequest for a bad parameter · Disposed · DeviceLost
   */
  plan(prompts: readonly Prompt[], params: GenerationParams | readonly GenerationParams[] = {}): JobPlan {
    return new Job(this.#prepare(prompts, params).sequences, this.#parts.jobs).plan
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
    const { scheduler, runner, memory } = this.#parts
    const { steps, prefillTokens, savedTokens, decodeTokens, preemptions } = scheduler.stats
    const { kvKeysRead, ...counts } = runner.stats()
    return {
      ...counts,
      running: scheduler.numRunning,
      waiting: scheduler.numWaiting,
      steps,
      prefillTokens,
      savedTokens,
      computedTokens: prefillTokens + decodeTokens,
      preemptions,
      totalBlocks: memory.numBlocks,
      usedBlocks: scheduler.usedBlocks[0],
      peakBlocks: scheduler.peakBlocks[0],
      kvBytesRead: (kvKeysRead * 2 * memory.blockBytes) / BLOCK_LEN,
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
    if (signal?.aborted) throw abortError(signal)
    const { sequences, errors } = this.#prepare(prompts, params)
    const job = new Job(sequences, this.#parts.jobs)
    const cancel = () => {
      for (const sequence of job.sequences) this.#end(sequence, 'abort')
    }
    const generation = new Generation(prompts.length, job.plan, cancel, signal)
    sequences.forEach((sequence, index) => {
      const error = errors[index]
      if (error) generation.deliver(failedResult(index, error))
      if (!sequence) return
      const output = new Output(index, sequence, this.tokenizer, onText)
      this.#outputs.set(sequence, { output, generation, job })
    })
    job.start(this.#parts.scheduler, this.#numGroups)
    this.#numGroups += 1 + job.plan.groups
    this.#loop.wake()
    return generation
  }

  /** A sequence for each prompt, or the reason why it cannot be served. @throws InvalidRequest for a bad parameter */
  #prepare(prompts: readonly Prompt[], params: GenerationParams | readonly GenerationParams[]) {
    if (this.#failure) throw this.#failure
    const perPrompt = paramsOfEach(prompts.length, params, this.config.vocabSize)
    const errors: (CoppiceError | undefined)[] = []
    const sequences = prompts.map((prompt, index) => {
      try {
        return this.#sequence(prompt, perPrompt(index))
      } catch (error) {
        if (!(error instanceof CoppiceError)) throw error
        errors[index] = error
        return undefined
      }
    })
    return { sequences, errors }
  }

  /** @throws InvalidRequest if the prompt cannot be served */
  #sequence(prompt: Prompt, params: SamplingParams): Sequence {
    const tokens = this.#parts.prompts.encode(prompt)
    const maxLen = Math.min(tokens.length + params.maxTokens, this.memory.contextLength)
    const sequence = new Sequence(this.#numSequences++, tokens, params, maxLen, this.config.eosTokenIds)
    this.#parts.scheduler.check(sequence)
    return sequence
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
    const { scheduler } = this.#parts
    scheduler.finish(sequence, reason)
    if (reason !== 'abort') entry.job.onFinished(sequence, scheduler)
    entry.generation.deliver(entry.output.result(error))
  }

  /** Nothing can go on: every call under way gets the error after the results it has. */
  #fail(error: CoppiceError): void {
    if (this.#failure) return
    this.#failure = error
    const sequences = [...this.#outputs.keys()]
    const generations = new Set([...this.#outputs.values()].map(({ generation }) => generation))
    this.#outputs.clear()
    // the callers first: if it is the scheduler that failed, it may fail again
    for (const generation of generations) generation.fail(error)
    for (const sequence of sequences) this.#parts.scheduler.finish(sequence, 'error')
  }
}
