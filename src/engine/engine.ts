import { asCoppiceError } from '../core/as-coppice-error'
import type { Drawn } from '../core/batch'
import { BLOCK_LEN, blocksFor } from '../core/block'
import { Deferred } from '../core/deferred'
import { abortError, CoppiceError, DeviceLost, Disposed, InvalidRequest, UnsupportedModel } from '../core/errors'
import type { ModelConfig } from '../core/model-config'
import type { Priority } from '../core/priority'
import type { SamplingParams } from '../core/sampling-params'
import { type FinishReason, Sequence } from '../core/sequence'
import { shown } from '../core/shown'
import { inSlices, type Work } from '../core/work'
import type { KernelTime } from '../gpu/profiler'
import type { JobPlan } from '../planner/plan-job'
import { NO_TOKEN } from '../sampler/sampler'
import type { Scheduler } from '../scheduler/scheduler'
import type { DecodeOptions, Tokenizer } from '../tokenizer/tokenizer'
import { type CallSettings, checkListener, completeCallOptions } from './call-options'
import { addCounts, type DeviceCounts } from './device-counts'
import type { EngineListener, EngineSnapshot } from './events'
import { emptyResult, type Generation, type GenerationResult, ResultQueue } from './generation'
import type { Engine, GenerateOptions, PlanOptions, TokenizeOptions } from './interface'
import { Job } from './job'
import type { OnDevice } from './on-device'
import type { WeightKind } from './open/weight-report'
import type { Settings } from './options'
import { Output } from './output'
import { frameMsOf, Pace } from './pace'
import type { MemoryPlan } from './plan/memory-plan'
import { checkPrompts, type Prompt } from './prompt'
import type { PromptEncoder } from './prompt-encoder'
import { readProgress } from './read-progress'
import { isLoss, type Revival } from './revival'
import { type GenerationParams, paramsOfEach, samplingParams } from './sampling-params'
import type { EngineStats } from './stats'
import { StepLoop } from './step-loop'
import { streamOf } from './stream'
import { StructuredOutputsReader } from './structured-outputs'
import { untilItThrows } from './until-it-throws'
import { Watches } from './watches'

/** A call's request: the prompts as they were, and each one's checked parameters. */
interface Call extends CallSettings {
  readonly prompts: readonly Prompt[]
  readonly paramsOf: (index: number) => SamplingParams
  /** The id of the first prompt's sequence; others follow. */
  readonly first: number
}

/** Everything an engine is made of; `createEngine` puts it together. */
export interface EngineParts {
  readonly modelName: string
  readonly config: ModelConfig
  readonly tokenizer: Tokenizer
  readonly prompts: PromptEncoder
  readonly scheduler: Scheduler
  readonly stepsInFlight: number
  /** The first. */
  readonly onDevice: OnDevice
  /** Absent if no other device can take its place. */
  readonly revival?: Revival
  readonly onLost?: Settings['onLost']
  readonly frameMs?: Settings['frameMs']
}

/** An engine on a GPU of this thread's. */
export class LocalEngine implements Engine {
  readonly modelName: string
  readonly config: ModelConfig
  readonly #parts: EngineParts
  readonly #structuredOutputs: StructuredOutputsReader
  readonly #pace: Pace
  #onDevice: OnDevice
  /** The counts of devices before this one. */
  #past: DeviceCounts | undefined
  #numRevivals = 0
  #isReviving = false
  readonly #lost = new Deferred<DeviceLost>()
  readonly #disposed = new AbortController()
  readonly #loop: StepLoop
  readonly #watches: Watches
  readonly #outputs = new Map<
    Sequence,
    { readonly output: Output; readonly generation: ResultQueue; readonly job: Job; readonly first: number }
  >()
  /** Calls whose prompts are being read and planned. */
  readonly #preparing = new Map<ResultQueue, Call>()
  #numSequences = 0
  #failure: CoppiceError | undefined

  constructor(parts: EngineParts) {
    this.#parts = parts
    this.#structuredOutputs = new StructuredOutputsReader(parts.tokenizer, parts.config)
    this.modelName = parts.modelName
    this.config = parts.config
    this.#onDevice = parts.onDevice
    const { scheduler, stepsInFlight } = parts
    this.#pace = new Pace(parts.onDevice.jobs.tokenBudget, frameMsOf(parts.frameMs))
    this.#loop = new StepLoop({
      stepsInFlight,
      scheduler: {
        next: () => this.#pace.next(scheduler),
        complete: (batch, drawn) => scheduler.complete(batch, drawn),
      },
      runner: { run: (batch, clock) => this.#pace.run(this.#onDevice.runner, batch, clock) },
      onDraw: (sequence, draw) => this.#onDraw(sequence, draw),
      onStep: batch => this.#watches.step(batch),
      onError: error => this.#onError(error),
    })
    this.#watches = new Watches({
      scheduler: parts.scheduler,
      tokenBudget: () => this.#onDevice.jobs.tokenBudget,
      times: this.#loop.clock.times,
    })
    this.#watch(parts.onDevice)
  }

  get memory(): MemoryPlan {
    return this.#onDevice.memory
  }

  get decisions(): readonly string[] {
    return this.#onDevice.decisions
  }

  get weights(): readonly WeightKind[] {
    return this.#onDevice.weights
  }

  get lost(): Promise<DeviceLost> {
    return this.#lost.promise
  }

  generate(
    prompts: readonly Prompt[],
    params: GenerationParams | readonly GenerationParams[] = {},
    options: GenerateOptions = {},
  ): Generation {
    return this.#start(this.#check(prompts, params, options))
  }

  stream(
    prompt: Prompt,
    params: GenerationParams = {},
    options: GenerateOptions = {},
  ): AsyncGenerator<string, GenerationResult, undefined> {
    return streamOf(this, prompt, params, options)
  }

  async plan(
    prompts: readonly Prompt[],
    params: GenerationParams | readonly GenerationParams[] = {},
    options: PlanOptions = {},
  ): Promise<JobPlan> {
    const call = this.#check(prompts, params, options)
    await this.#load(call)
    const sequences: (Sequence | undefined)[] = []
    const tellProgress = readProgress(call, sequences)
    const goOn = () => {
      this.#goOn(call.signal)
      tellProgress()
    }
    const { plan } = await inSlices(this.#plan(call, sequences), goOn)
    tellProgress()
    return plan
  }

  async tokenize(prompt: Prompt, options: TokenizeOptions = {}): Promise<number[]> {
    const { signal } = completeCallOptions(options)
    this.#goOn(signal)
    return inSlices(this.#parts.prompts.tokenize(prompt, options), () => this.#goOn(signal))
  }

  async detokenize(tokenIds: readonly number[], options?: DecodeOptions): Promise<string> {
    this.#goOn()
    if (!Array.isArray(tokenIds))
      throw new InvalidRequest(`The token ids are ${shown(tokenIds)}, but must be an array.`)
    return this.#parts.tokenizer.decode(tokenIds, options)
  }

  async checkParams(params: GenerationParams): Promise<void> {
    this.#goOn()
    samplingParams(params, this.config.vocabSize)
  }

  async stats(): Promise<EngineStats> {
    const { scheduler } = this.#parts
    const { runner, memory } = this.#onDevice
    const { steps, prefillTokens, savedTokens, decodeTokens, preemptions } = scheduler.stats
    const { kvKeysRead, ...counts } = addCounts(this.#past, runner.stats())
    return {
      ...counts,
      revivals: this.#numRevivals,
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

  kernelTimes(): Promise<ReadonlyMap<string, KernelTime>> {
    return this.#onDevice.runner.kernelTimes()
  }

  watch(listener: EngineListener): () => void {
    this.#goOn()
    checkListener(listener)
    return this.#watches.watch(listener)
  }

  async inspect(): Promise<EngineSnapshot> {
    this.#goOn()
    return this.#watches.inspect()
  }

  dispose(): void {
    this.#fail(new Disposed('The engine was disposed.'))
    this.#disposed.abort()
    this.#onDevice.runner.dispose()
  }

  #start(call: Call): Generation {
    const plan = new Deferred<JobPlan>()
    const { first } = call
    const size = call.prompts.length
    const sequences: (Sequence | undefined)[] = []
    const tellProgress = readProgress(call, sequences)
    const failed = new Set<number>()
    let isCancelled = false
    /** Once it is queued. */
    let job: Job | undefined
    const cancel = () => {
      isCancelled = true
      if (!job) return
      this.#parts.scheduler.withdraw(job)
      void inSlices(this.#stop(job.sequences)).then(() => this.#watches.flush())
    }
    const generation = new ResultQueue(call.prompts.length, plan.promise, cancel, call.signal)
    const fail = (index: number, error: CoppiceError) => {
      failed.add(index)
      generation.deliver(emptyResult(index, error))
    }
    const goOn = () => {
      if (this.#failure) throw this.#failure
      if (isCancelled) throw abortError(call.signal)
      tellProgress()
      // thousands that claim what they share are no one's single event
      this.#watches.flush()
    }
    const prepare = function* (this: LocalEngine): Work<void> {
      const planned = yield* this.#plan(call, sequences, fail)
      tellProgress()
      plan.resolve(planned.plan)
      if (planned.sequences.length > 0) this.#watches.call({ kind: 'call', first, size, plan: planned.plan })
      yield* this.#queue(planned, sequences, generation, call)
      this.#preparing.delete(generation)
      job = planned
    }
    this.#preparing.set(generation, call)
    const loading = this.#load(call)
    const preparing = loading
      ? loading.then(goOn).then(() => inSlices(prepare.call(this), goOn))
      : inSlices(prepare.call(this), goOn)
    preparing.catch((error: unknown) => {
      this.#preparing.delete(generation)
      plan.reject(error)
      for (const sequence of sequences) if (sequence) this.#forget(sequence)
      this.#watches.endCall(first)
      this.#watches.flush()
      if (!isCancelled) generation.fail(error)
      else for (const index of call.prompts.keys()) if (!failed.has(index)) generation.deliver(emptyResult(index))
    })
    return generation
  }

  /** The request of a call, if it is one at all. @throws InvalidRequest · Disposed · DeviceLost · the signal's reason */
  #check(
    prompts: readonly Prompt[],
    params: GenerationParams | readonly GenerationParams[],
    options: GenerateOptions,
  ): Call {
    const settings = completeCallOptions(options)
    this.#goOn(settings.signal)
    checkPrompts(prompts)
    const paramsOf = paramsOfEach(prompts.length, params, this.config.vocabSize)
    const first = this.#numSequences
    this.#numSequences += prompts.length
    return { ...settings, prompts: [...prompts], paramsOf, first }
  }

  /** Resolves once what the call's answers are held to can be read; undefined if they are not. */
  #load({ prompts, paramsOf }: Call): Promise<void> | undefined {
    return prompts.some((_, index) => paramsOf(index).structuredOutputs) ? this.#structuredOutputs.load() : undefined
  }

  /** @throws Disposed · DeviceLost · the signal's reason */
  #goOn(signal?: AbortSignal): void {
    if (signal?.aborted) throw abortError(signal)
    if (this.#failure) throw this.#failure
  }

  /**
   * Reads the prompts and plans the job of those that can run. `sequences`: becomes a sequence for each prompt, or
   * undefined, and the reason goes to `fail`.
   */
  *#plan(
    { prompts, paramsOf, priority, first }: Call,
    sequences: (Sequence | undefined)[],
    fail?: (index: number, error: CoppiceError) => void,
  ): Work<Job> {
    for (const [index, prompt] of prompts.entries()) {
      try {
        sequences[index] = yield* this.#sequence(first + index, prompt, paramsOf(index), priority)
      } catch (error) {
        if (!(error instanceof CoppiceError)) throw error
        sequences[index] = undefined
        fail?.(index, error)
      }
      yield
    }
    return yield* Job.of(sequences, this.#onDevice.jobs)
  }

  /** @throws InvalidRequest if the prompt cannot be served */
  *#sequence(id: number, prompt: Prompt, params: SamplingParams, priority: Priority): Work<Sequence> {
    const tokens = yield* this.#parts.prompts.encode(prompt)
    const maxLen = Math.min(tokens.length + params.maxTokens, this.memory.contextLength)
    const { eosTokenIds } = this.config
    const constraint = this.#structuredOutputs.constraint(params)
    const sequence = new Sequence(id, tokens, params, maxLen, eosTokenIds, priority, constraint)
    this.#parts.scheduler.check(sequence)
    return sequence
  }

  *#queue(
    job: Job,
    sequences: readonly (Sequence | undefined)[],
    generation: ResultQueue,
    { onText, first }: Call,
  ): Work<void> {
    const { tokenizer, scheduler } = this.#parts
    const say = onText && untilItThrows(onText, error => generation.stop(error))
    for (const [index, sequence] of sequences.entries()) {
      if (!sequence) continue
      const output = new Output(index, sequence, tokenizer, say && (text => say(text, index)))
      this.#outputs.set(sequence, { output, generation, job, first })
      yield
    }
    yield* job.start(scheduler)
    // who comes meanwhile waits
    if (!this.#isReviving) this.#loop.wake()
  }

  #onDraw(sequence: Sequence, draw: Drawn): void {
    const entry = this.#outputs.get(sequence)
    if (!entry) return
    if (draw.tokenId === NO_TOKEN) {
      const { length } = sequence.tokens
      const reason = sequence.constraint
        ? `After token ${length - 1} no token goes on with what structuredOutputs ask for: the vocabulary has none.`
        : `No logit after token ${length - 1} is finite: the weights, or their precision, are at fault. Try weights f32.`
      this.#end(sequence, 'error', new UnsupportedModel(reason))
      return
    }
    if (entry.output.push(draw, sequence.isEnd(draw.tokenId))) this.#end(sequence, 'stop')
    // the scheduler has finished the sequence if this is its last token
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
    if (entry.generation.isComplete) this.#watches.endCall(entry.first)
  }

  #forget(sequence: Sequence, reason: FinishReason = 'abort'): void {
    this.#outputs.delete(sequence)
    this.#parts.scheduler.finish(sequence, reason)
  }

  #watch({ runner }: OnDevice): void {
    void runner.lost.then(error => {
      // that one which is given up goes too is no news
      if (runner !== this.#onDevice.runner || this.#isReviving) return
      // else the loop notices: at once if it runs, or at the next call, since until then nobody needs a device
      if (!this.#revives) this.#fail(error)
    })
  }

  /** Whether another device takes the place of one that is lost now. */
  get #revives(): boolean {
    const { revival, onLost } = this.#parts
    if (!revival || onLost) return revival !== undefined && onLost !== 'end'
    const isJob = ({ priority }: { readonly priority: Priority }) => priority === 'background'
    return [...this.#preparing.values()].some(isJob) || [...this.#outputs.keys()].some(isJob)
  }

  /** The loop has stopped. */
  #onError(error: CoppiceError): void {
    if (this.#isReviving || this.#failure) return
    const { revival } = this.#parts
    if (revival && isLoss(error) && this.#revives) void this.#revive(revival, error)
    else this.#fail(error)
  }

  async #revive(revival: Revival, cause: CoppiceError): Promise<void> {
    this.#isReviving = true
    const { runner, memory, kvFormat } = this.#onDevice
    runner.dispose()
    try {
      const longest = [...this.#outputs.keys()].reduce((most, { maxLen }) => Math.max(most, maxLen), 1)
      const before = { memory, kvFormat, leastBlocks: blocksFor(longest) }
      const onDevice = await revival.again(cause, before, this.#disposed.signal)
      this.#past = addCounts(this.#past, runner.stats())
      this.#onDevice = onDevice
      this.#isReviving = false
      if (this.#failure) return onDevice.runner.dispose()
      this.#numRevivals++
      this.#watch(onDevice)
      this.#pace.restart()
      this.#parts.scheduler.restart(onDevice.scheduling)
      this.#watches.restart()
      if (onDevice.memory.numBlocks < memory.numBlocks) this.#refuseTooLong()
      this.#loop.wake()
    } catch (error) {
      this.#isReviving = false
      this.#fail(asCoppiceError(error))
    }
  }

  /** Ends what has come while a smaller device was opened, and has no room on it. */
  #refuseTooLong(): void {
    for (const sequence of [...this.#outputs.keys()]) {
      try {
        this.#parts.scheduler.check(sequence)
      } catch (error) {
        this.#end(sequence, 'error', asCoppiceError(error))
      }
    }
  }

  /** Nothing can go on: every call under way gets the error after the results it has. */
  #fail(error: CoppiceError): void {
    if (error instanceof DeviceLost && !(this.#failure instanceof Disposed)) this.#lost.resolve(error)
    if (this.#failure) return
    this.#failure = error
    const sequences = [...this.#outputs.keys()]
    const running = [...this.#outputs.values()].map(({ generation }) => generation)
    const generations = new Set([...this.#preparing.keys(), ...running])
    this.#outputs.clear()
    // the callers first: if it is the scheduler that failed, it may fail again
    for (const generation of generations) generation.fail(error)
    for (const sequence of sequences) this.#parts.scheduler.finish(sequence, 'error')
    this.#watches.endAllCalls()
    this.#watches.flush()
  }
}
