import { asCoppiceError } from '../core/as-coppice-error'
import { BLOCK_LEN, blocksFor } from '../core/block'
import { Deferred } from '../core/deferred'
import { abortError, type CoppiceError, DeviceLost, Disposed, InvalidRequest } from '../core/errors'
import type { ModelConfig } from '../core/model-config'
import type { Priority } from '../core/priority'
import type { Sequence } from '../core/sequence'
import { shown } from '../core/shown'
import { inSlices, type Work } from '../core/work'
import type { KernelTime } from '../gpu/profiler'
import type { JobPlan } from '../planner/plan-job'
import type { Scheduler } from '../scheduler/scheduler'
import type { DecodeOptions } from '../tokenizer/tokenizer'
import { checkListener, completeCallOptions } from './call-options'
import { type Call, CallReader, type CallReaderParts } from './call-reader'
import { addCounts, type DeviceCounts } from './device-counts'
import type { EngineListener, EngineSnapshot } from './events'
import { emptyResult, type Generation, type GenerationResult, ResultQueue } from './generation'
import type { CallOptions, Engine, GenerateOptions, PlanOptions, TokenizeOptions } from './interface'
import type { Job } from './job'
import type { OnDevice } from './on-device'
import type { WeightKind } from './open/weight-report'
import type { Settings } from './options'
import { Output } from './output'
import { Outputs } from './outputs'
import { frameMsOf, Pace } from './pace'
import type { MemoryPlan } from './plan/memory-plan'
import type { Prompt } from './prompt'
import { readProgress } from './read-progress'
import { isLoss, type Revival } from './revival'
import { type GenerationParams, samplingParams } from './sampling-params'
import type { EngineStats } from './stats'
import { StepLoop } from './step-loop'
import { streamOf } from './stream'
import { untilItThrows } from './until-it-throws'
import { Watches } from './watches'

/** Everything an engine is made of; `createEngine` puts it together. */
export interface EngineParts extends CallReaderParts {
  readonly modelName: string
  readonly scheduler: Scheduler
  readonly stepsInFlight: number
  /** The first. */
  readonly onDevice: OnDevice
  readonly modelFile: (name: string, signal?: AbortSignal) => Promise<string | undefined>
  /** Absent if no other device can take its place. */
  readonly revival?: Revival
  readonly onLost?: Settings['onLost']
  readonly frameMs?: Settings['frameMs']
}

/** An engine on a GPU of this thread's. */
export class LocalEngine implements Engine {
  readonly modelName: string
  readonly config: ModelConfig
  readonly chatTemplate: string | undefined
  readonly #parts: EngineParts
  readonly #reader: CallReader
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
  readonly #outputs: Outputs
  /** Calls whose prompts are being read and planned. */
  readonly #preparing = new Map<ResultQueue, Call>()
  #failure: CoppiceError | undefined

  constructor(parts: EngineParts) {
    this.#parts = parts
    this.#reader = new CallReader(parts, () => this.#onDevice)
    this.modelName = parts.modelName
    this.config = parts.config
    this.chatTemplate = parts.prompts.chatTemplate
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
      onDraw: completed => this.#outputs.onDraw(completed),
      onStep: batch => this.#watches.step(batch),
      onError: error => this.#onError(error),
    })
    this.#watches = new Watches({
      scheduler: parts.scheduler,
      tokenBudget: () => this.#onDevice.jobs.tokenBudget,
      times: this.#loop.clock.times,
    })
    this.#outputs = new Outputs(scheduler, first => this.#watches.endCall(first))
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
    await this.#reader.load(call)
    const sequences: (Sequence | undefined)[] = []
    const tellProgress = readProgress(call, sequences)
    const goOn = () => {
      this.#goOn(call.signal)
      tellProgress()
    }
    const { plan } = await inSlices(this.#reader.plan(call, sequences), goOn)
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

  async modelFile(name: string, { signal }: CallOptions = {}): Promise<string | undefined> {
    this.#goOn(signal)
    return this.#parts.modelFile(name, signal)
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
      void inSlices(this.#outputs.stop(job)).then(() => this.#watches.flush())
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
      const planned = yield* this.#reader.plan(call, sequences, fail)
      tellProgress()
      plan.resolve(planned.plan)
      if (planned.sequences.length > 0) this.#watches.call({ kind: 'call', first, size, plan: planned.plan })
      yield* this.#queue(planned, sequences, generation, call)
      this.#preparing.delete(generation)
      job = planned
    }
    this.#preparing.set(generation, call)
    const loading = this.#reader.load(call)
    const preparing = loading
      ? loading.then(goOn).then(() => inSlices(prepare.call(this), goOn))
      : inSlices(prepare.call(this), goOn)
    preparing.catch((error: unknown) => {
      this.#preparing.delete(generation)
      plan.reject(error)
      for (const sequence of sequences) if (sequence) this.#outputs.forget(sequence)
      this.#watches.endCall(first)
      this.#watches.flush()
      if (!isCancelled) generation.fail(error)
      else for (const index of call.prompts.keys()) if (!failed.has(index)) generation.deliver(emptyResult(index))
    })
    return generation
  }

  /** @throws InvalidRequest · Disposed · DeviceLost · the signal's reason */
  #check(
    prompts: readonly Prompt[],
    params: GenerationParams | readonly GenerationParams[],
    options: GenerateOptions,
  ): Call {
    return this.#reader.check(prompts, params, options, signal => this.#goOn(signal))
  }

  /** @throws Disposed · DeviceLost · the signal's reason */
  #goOn(signal?: AbortSignal): void {
    if (signal?.aborted) throw abortError(signal)
    if (this.#failure) throw this.#failure
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
    return [...this.#preparing.values()].some(isJob) || this.#outputs.sequences.some(isJob)
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
      const longest = this.#outputs.sequences.reduce((most, { maxLen }) => Math.max(most, maxLen), 1)
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
    for (const sequence of this.#outputs.sequences) {
      try {
        this.#parts.scheduler.check(sequence)
      } catch (error) {
        this.#outputs.end(sequence, 'error', asCoppiceError(error))
      }
    }
  }

  /** Nothing can go on: every call under way gets the error after the results it has. */
  #fail(error: CoppiceError): void {
    if (error instanceof DeviceLost && !(this.#failure instanceof Disposed)) this.#lost.resolve(error)
    if (this.#failure) return
    this.#failure = error
    this.#outputs.fail(error, this.#preparing.keys())
    this.#watches.endAllCalls()
    this.#watches.flush()
  }
}
