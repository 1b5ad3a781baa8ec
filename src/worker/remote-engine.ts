import { Deferred } from '../core/deferred'
import { abortError, CoppiceError, type DeviceLost, Disposed, InvalidRequest, type WorkerFailed } from '../core/errors'
import { fromPlainError } from '../core/plain-error'
import { inSlices, type Work } from '../core/work'
import { checkListener, completeCallOptions } from '../engine/call-options'
import type { EngineListener, EngineSnapshot } from '../engine/events'
import { emptyResult, type Generation, type GenerationResult } from '../engine/generation'
import type { CallOptions, Engine, GenerateOptions, PlanOptions, TokenizeOptions } from '../engine/interface'
import { checkPrompts, type Prompt } from '../engine/prompt'
import { type GenerationParams, paramsOfEach } from '../engine/sampling-params'
import type { EngineStats } from '../engine/stats'
import { streamOf } from '../engine/stream'
import { untilItThrows } from '../engine/until-it-throws'
import type { KernelTime } from '../gpu/profiler'
import type { JobPlan } from '../planner/plan-job'
import type { DecodeOptions } from '../tokenizer/tokenizer'
import type { Link } from './link'
import type { About, Asked, CallMessage, PlainResult } from './protocol'
import { RemoteGeneration } from './remote-generation'

/** Prompts that are sent as one message: cloning them takes this thread a moment. */
const PROMPTS_PER_MESSAGE = 64

/** An engine in a worker. */
export class RemoteEngine implements Engine {
  readonly modelName: Engine['modelName']
  readonly config: Engine['config']
  readonly chatTemplate: Engine['chatTemplate']
  memory: Engine['memory']
  decisions: Engine['decisions']
  weights: Engine['weights']
  readonly lost: Promise<DeviceLost | WorkerFailed>
  readonly #link: Link
  readonly #close: () => void
  #lostError: Error | undefined

  /** `lost`: the device or the worker is. `close`: the worker has served. */
  constructor(about: About, link: Link, lost: Promise<DeviceLost | WorkerFailed>, close: () => void) {
    this.modelName = about.modelName
    this.config = about.config
    this.chatTemplate = about.chatTemplate
    this.memory = about.memory
    this.decisions = about.decisions
    this.weights = about.weights
    this.#link = link
    this.#close = close
    this.lost = lost
    void lost.then(error => {
      this.#lostError = error
    })
  }

  /** Another device has taken the place of the one that was. */
  describe({ memory, decisions, weights }: About): void {
    Object.assign(this, { memory, decisions, weights })
  }

  generate(
    prompts: readonly Prompt[],
    params: GenerationParams | readonly GenerationParams[] = {},
    options: GenerateOptions = {},
  ): Generation {
    const { signal, onText, onProgress, priority } = this.#check(prompts, params, options)
    const link = this.#link
    const plan = new Deferred<JobPlan>()
    let isSent = false
    let isCancelled = false
    const refused = new Map<number, InvalidRequest>()
    const cancel = () => {
      isCancelled = true
      if (isSent) link.post({ type: 'cancel', call })
    }
    const onRead = (count: number) => link.post({ type: 'read', call, count })
    const onLeave = () => link.leave(call)
    const generation = new RemoteGeneration(prompts.length, plan.promise, { cancel, onRead, onLeave }, signal)
    const say = onText && untilItThrows(onText, error => generation.stop(error))
    const tellRead = onProgress && untilItThrows(onProgress, error => generation.stop(error))
    const fail = (error: Error) => {
      plan.reject(error)
      generation.fail(error)
    }
    const receive = (message: CallMessage) => {
      if (message.type === 'planned') plan.resolve(message.plan)
      else if (message.type === 'reading') tellRead?.(message.progress)
      else if (message.type === 'unplanned') {
        plan.reject(signal?.aborted ? abortError(signal) : fromPlainError(message.error))
      } else if (message.type === 'texts') {
        for (const [index, text] of message.texts) say?.(text, index)
        link.post({ type: 'heard', call })
      } else if (message.type === 'result') {
        generation.deliver(withError(message.result, refused.get(message.result.index)))
      } else {
        link.forget(call)
        if (message.type === 'end' && message.error) fail(fromPlainError(message.error))
      }
    }
    const call = link.begin({ receive, fail })
    const send = function* (this: RemoteEngine): Work<void> {
      yield* this.#send(call, [...prompts], (index, error) => refused.set(index, error))
      const [wantsText, wantsProgress] = [onText !== undefined, onProgress !== undefined]
      link.post({ type: 'generate', call, params, priority, wantsText, wantsProgress })
      isSent = true
    }
    const goOn = () => {
      if (link.failure) throw link.failure
      if (isCancelled) throw abortError(signal)
    }
    inSlices(send.call(this), goOn).catch((error: Error) => {
      if (link.failure) return
      link.leave(call)
      plan.reject(error)
      if (!isCancelled) generation.fail(error)
      else for (let index = 0; index < generation.size; index++) generation.deliver(emptyResult(index))
    })
    return generation
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
    const { signal, onProgress } = this.#check(prompts, params, options)
    const goOn = () => {
      if (signal?.aborted) throw abortError(signal)
    }
    const plan = await this.#link.ask(
      async call => {
        await inSlices(this.#send(call, [...prompts]), goOn)
        this.#link.post({ type: 'ask', call, method: 'plan', args: [params], wantsProgress: onProgress !== undefined })
      },
      signal,
      onProgress,
    )
    return plan as JobPlan
  }

  async tokenize(prompt: Prompt, options: TokenizeOptions = {}): Promise<number[]> {
    const { signal } = completeCallOptions(options)
    return (await this.#ask('tokenize', [prompt, { ...options, signal: undefined }], signal)) as number[]
  }

  async detokenize(tokenIds: readonly number[], options?: DecodeOptions): Promise<string> {
    return (await this.#ask('detokenize', [tokenIds, options])) as string
  }

  async checkParams(params: GenerationParams): Promise<void> {
    await this.#ask('checkParams', [params])
  }

  async modelFile(name: string, { signal }: CallOptions = {}): Promise<string | undefined> {
    return (await this.#ask('modelFile', [name], signal)) as string | undefined
  }

  async stats(): Promise<EngineStats> {
    return (await this.#ask('stats', [])) as EngineStats
  }

  async kernelTimes(): Promise<ReadonlyMap<string, KernelTime>> {
    return (await this.#ask('kernelTimes', [])) as ReadonlyMap<string, KernelTime>
  }

  watch(listener: EngineListener): () => void {
    this.#goOn()
    checkListener(listener)
    const link = this.#link
    const receive = async (message: CallMessage) => {
      if (message.type !== 'events') return link.forget(call)
      try {
        await listener(message.events)
        link.post({ type: 'heard', call })
      } catch (error) {
        link.leave(call)
        queueMicrotask(() => {
          throw error
        })
      }
    }
    const call = link.begin({ receive, fail: () => undefined })
    link.post({ type: 'watch', call })
    return () => link.leave(call)
  }

  async inspect(): Promise<EngineSnapshot> {
    return (await this.#ask('inspect', [])) as EngineSnapshot
  }

  dispose(): void {
    if (this.#link.failure) return
    this.#link.post({ type: 'dispose' })
    this.#link.fail(new Disposed('The engine was disposed.'))
    this.#close()
  }

  /** The options of a call, if it may begin. @throws InvalidRequest · Disposed · DeviceLost · WorkerFailed · the signal's reason */
  #check(prompts: readonly Prompt[], params: GenerationParams | readonly GenerationParams[], options: GenerateOptions) {
    const settings = completeCallOptions(options)
    if (settings.signal?.aborted) throw abortError(settings.signal)
    this.#goOn()
    checkPrompts(prompts)
    paramsOfEach(prompts.length, params, this.config.vocabSize)
    return settings
  }

  #goOn(): void {
    const failure = this.#link.failure ?? this.#lostError
    if (failure) throw failure
  }

  #ask(method: Asked, args: readonly unknown[], signal?: AbortSignal): Promise<unknown> {
    return this.#link.ask(call => this.#link.post({ type: 'ask', call, method, args }), signal)
  }

  /** Sends the prompts of a call. One that cannot cross goes to `refuse`, and as what is no prompt to the host. */
  *#send(
    call: number,
    prompts: readonly Prompt[],
    refuse?: (index: number, error: InvalidRequest) => void,
  ): Work<void> {
    for (let begin = 0; begin < prompts.length; begin += PROMPTS_PER_MESSAGE) {
      const some = prompts.slice(begin, begin + PROMPTS_PER_MESSAGE)
      try {
        this.#link.post({ type: 'prompts', call, prompts: some })
      } catch (error) {
        if (!(error instanceof InvalidRequest)) throw error
        for (const [offset, prompt] of some.entries()) {
          this.#sendOne(call, prompt, error => refuse?.(begin + offset, error))
        }
      }
      yield
    }
  }

  #sendOne(call: number, prompt: Prompt, refuse: (error: InvalidRequest) => void): void {
    try {
      this.#link.post({ type: 'prompts', call, prompts: [prompt] })
    } catch (error) {
      if (!(error instanceof InvalidRequest)) throw error
      refuse(error)
      this.#link.post({ type: 'prompts', call, prompts: [[]] })
    }
  }
}

/** A result as callers know it; of a prompt that could not cross, with what it was refused for. */
function withError(result: PlainResult, refusal: InvalidRequest | undefined): GenerationResult {
  const error = refusal ?? (result.error && fromPlainError(result.error))
  if (error === undefined || error instanceof CoppiceError) return { ...result, error }
  return { ...result, error: new CoppiceError(error.message, { cause: error }) }
}
