import type { Drawn } from '../core/batch'
import { BLOCK_LEN } from '../core/block'
import { Deferred } from '../core/deferred'
import { abortError, CoppiceError, type DeviceLost, Disposed, InvalidRequest, UnsupportedModel } from '../core/errors'
import type { ModelConfig } from '../core/model-config'
import type { SamplingParams } from '../core/sampling-params'
import { type FinishReason, Sequence } from '../core/sequence'
import { inSlices, type Work } from '../core/work'
import type { KernelTime } from '../gpu/profiler'
import type { JobPlan } from '../planner/plan-job'
import { NO_TOKEN } from '../sampler/sampler'
import type { Scheduler } from '../scheduler/scheduler'
import type { Tokenizer } from '../tokenizer/tokenizer'
import { AsyncQueue } from './async-queue'
import { emptyResult, Generation, type GenerationResult } from './generation'
import { Job, type JobSettings } from './job'
import type { WeightKind } from './open/weight-report'
import { Output } from './output'
import type { MemoryPlan } from './plan/memory-plan'
import type { Prompt } from './prompt'
import type { PromptEncoder } from './prompt-encoder'
import type { Runner } from './runner'
import { type GenerationParams, paramsOfEach, samplingParams } from './sampling-params'
import type { EngineStats } from './stats'
import { StepLoop } from './step-loop'

export interface GenerateOptions {
  /** Stops the call: prompts that are still running end with `abort` and what they have, then the signal's reason is thrown. */
  readonly signal?: AbortSignal
}

/** What is asked for: the prompts as they were, and each one's checked parameters. */
interface Call {
  readonly prompts: readonly Prompt[]
  readonly paramsOf: (index: number) => SamplingParams
  readonly signal: AbortSignal | undefined
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
  /** Resolves with the reason when the device is lost, upon which nothing works any more; never rejects. Stays pending when the engine is disposed. */
  readonly lost: Promise<DeviceLost>
  readonly #parts: EngineParts
  readonly #loop: StepLoop
  readonly #outputs = new Map<
    Sequence,
    { readonly output: Output; readonly generation: Generation; readonly job: Job }
  >()
  /** Calls whose prompts are being read and planned. */
  readonly #preparing = new Set<Generation>()
  #numSequences = 0
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
    this.lost = new Promise(resolve => {
      void parts.runner.lost.then(error => {
        if (!(this.#failure instanceof Disposed)) resolve(error)
        this.#fail(error)
      })
    })
  }

  /**
   * Generates for all prompts together. Results come as they finish; `.all()` gives them in order. A prompt that cannot
   * be served (no prompt at all, empty, longer than the context) fails alone: its result carries the error.
   *
   * Many prompts are read and planned a few milliseconds at a time, and none runs before all are; do not change them until
   * the generation's `plan` is there.
   * @param params for all prompts, or one for each
   * @throws InvalidRequest for a bad parameter or prompts that are no array · Disposed · DeviceLost
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
  async plan(
    prompts: readonly Prompt[],
    params: GenerationParams | readonly GenerationParams[] = {},
    options: GenerateOptions = {},
  ): Promise<JobPlan> {
    const call = this.#check(prompts, params, options)
    const job = await inSlices(this.#plan(call, []), () => {
      if (this.#failure) throw this.#failure
      if (call.signal?.aborted) throw abortError(call.signal)
    })
    return job.plan
  }

  /** Checks parameters as `generate` would. `nameOf`: what messages call them. @throws InvalidRequest */
  checkParams(params: GenerationParams, nameOf?: (param: string) => string): void {
    samplingParams(params, this.config.vocabSize, nameOf)
  }

  stats(): EngineStats {
    const { scheduler, runner, memory } = this.#parts
    const { steps, prefillTokens, savedTokens, decodeTokens, preemptions } = scheduler.stats
    const { kvKeysRead, ...counts } = runner.stats()
    return {
      ...counts,
      stepTimes: { ...this.#loop.clock.times },
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
    options: GenerateOptions,
    onText?: (text: string) => void,
  ): Generation {
    const call = this.#check(prompts, params, options)
    const plan = new Deferred<JobPlan>()
    const sequences: (Sequence | undefined)[] = []
    const failed = new Set<number>()
    let isCancelled = false
    /** Once it is queued. */
    let job: Job | undefined
    const cancel = () => {
      isCancelled = true
      if (!job) return
      this.#parts.scheduler.withdraw(job)
      void inSlices(this.#stop(job.sequences))
    }
    const generation = new Generation(call.prompts.length, plan.promise, cancel, call.signal)
    const fail = (index: number, error: CoppiceError) => {
      failed.add(index)
      generation.deliver(emptyResult(index, error))
    }
    const goOn = () => {
      if (this.#failure) throw this.#failure
      if (isCancelled) throw abortError(call.signal)
    }
    const prepare = function* (this: Engine): Work<void> {
      const planned = yield* this.#plan(call, sequences, fail)
      plan.resolve(planned.plan)
      yield* this.#queue(planned, sequences, generation, onText)
      this.#preparing.delete(generation)
      job = planned
    }
    this.#preparing.add(generation)
    inSlices(prepare.call(this), goOn).catch((error: unknown) => {
      this.#preparing.delete(generation)
      plan.reject(error)
      for (const sequence of sequences) if (sequence) this.#forget(sequence)
      if (!isCancelled) generation.fail(error)
      else for (const index of call.prompts.keys()) if (!failed.has(index)) generation.deliver(emptyResult(index))
    })
    return generation
  }

  /** What is asked for, if it is a call at all. @throws InvalidRequest · Disposed · DeviceLost · the signal's reason */
  #check(
    prompts: readonly Prompt[],
    params: GenerationParams | readonly GenerationParams[],
    options: GenerateOptions,
  ): Call {
    const signal = checkedSignal(options)
    if (signal?.aborted) throw abortError(signal)
    if (this.#failure) throw this.#failure
    if (!Array.isArray(prompts)) {
      throw new InvalidRequest(
        `The prompts are ${prompts === null ? null : typeof prompts}, but must be an array: [prompt] for a single one.`,
      )
    }
    return { prompts: [...prompts], paramsOf: paramsOfEach(prompts.length, params, this.config.vocabSize), signal }
  }

  /**
   * Reads the prompts and plans the job of those that can run. `sequences`: becomes a sequence for each prompt, or
   * undefined, and the reason goes to `fail`.
   */
  *#plan(
    { prompts, paramsOf }: Call,
    sequences: (Sequence | undefined)[],
    fail?: (index: number, error: CoppiceError) => void,
  ): Work<Job> {
    for (const [index, prompt] of prompts.entries()) {
      try {
        sequences[index] = yield* this.#sequence(prompt, paramsOf(index))
      } catch (error) {
        if (!(error instanceof CoppiceError)) throw error
        sequences[index] = undefined
        fail?.(index, error)
      }
      yield
    }
    return yield* Job.of(sequences, this.#parts.jobs)
  }

  /** @throws InvalidRequest if the prompt cannot be served */
  *#sequence(prompt: Prompt, params: SamplingParams): Work<Sequence> {
    const tokens = yield* this.#parts.prompts.encode(prompt)
    const maxLen = Math.min(tokens.length + params.maxTokens, this.memory.contextLength)
    const sequence = new Sequence(this.#numSequences++, tokens, params, maxLen, this.config.eosTokenIds)
    this.#parts.scheduler.check(sequence)
    return sequence
  }

  *#queue(
    job: Job,
    sequences: readonly (Sequence | undefined)[],
    generation: Generation,
    onText?: (text: string) => void,
  ): Work<void> {
    for (const [index, sequence] of sequences.entries()) {
      if (!sequence) continue
      const output = new Output(index, sequence, this.tokenizer, onText)
      this.#outputs.set(sequence, { output, generation, job })
      yield
    }
    yield* job.start(this.#parts.scheduler)
    this.#loop.wake()
  }

  #onDraw(sequence: Sequence, draw: Drawn): void {
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

  /** Those that run come first: they would go on meanwhile. */
  *#stop(sequences: readonly Sequence[]): Work<void> {
    const { scheduler } = this.#parts
    for (const sequence of sequences) if (!scheduler.isWaiting(sequence)) this.#end(sequence, 'abort')
    for (const sequence of sequences) {
      this.#end(sequence, 'abort')
      yield
    }
  }

  #end(sequence: Sequence, reason: FinishReason, error?: CoppiceError): void {
    const entry = this.#outputs.get(sequence)
    if (!entry) return
    const { scheduler } = this.#parts
    this.#forget(sequence, reason)
    if (reason !== 'abort') entry.job.onFinished(sequence, scheduler)
    entry.generation.deliver(entry.output.result(error))
  }

  #forget(sequence: Sequence, reason: FinishReason = 'abort'): void {
    this.#outputs.delete(sequence)
    this.#parts.scheduler.finish(sequence, reason)
  }

  /** Nothing can go on: every call under way gets the error after the results it has. */
  #fail(error: CoppiceError): void {
    if (this.#failure) return
    this.#failure = error
    const sequences = [...this.#outputs.keys()]
    const running = [...this.#outputs.values()].map(({ generation }) => generation)
    const generations = new Set([...this.#preparing, ...running])
    this.#outputs.clear()
    // the callers first: if it is the scheduler that failed, it may fail again
    for (const generation of generations) generation.fail(error)
    for (const sequence of sequences) this.#parts.scheduler.finish(sequence, 'error')
  }
}

/** @throws InvalidRequest for options of the wrong kind */
function checkedSignal(options: GenerateOptions): AbortSignal | undefined {
  if (typeof options !== 'object' || options === null) {
    throw new InvalidRequest(`The options of a call are ${String(options)}, but must be an object like { signal }.`)
  }
  const { signal } = options
  if (signal === undefined || (typeof signal === 'object' && signal !== null && 'aborted' in signal)) return signal
  throw new InvalidRequest(`signal is ${String(signal)}, but must be an AbortSignal.`)
}
