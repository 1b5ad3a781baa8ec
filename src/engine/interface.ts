import type { DeviceLost, WorkerFailed } from '../core/errors'
import type { ModelConfig } from '../core/model-config'
import type { Priority } from '../core/priority'
import type { KernelTime } from '../gpu/profiler'
import type { JobPlan } from '../planner/plan-job'
import type { DecodeOptions, EncodeOptions } from '../tokenizer/tokenizer'
import type { EngineListener, EngineSnapshot } from './events'
import type { Generation, GenerationResult } from './generation'
import type { WeightKind } from './open/weight-report'
import type { MemoryPlan } from './plan/memory-plan'
import type { Prompt } from './prompt'
import type { GenerationParams } from './sampling-params'
import type { EngineStats } from './stats'

export interface CallOptions {
  /** Stops the call: prompts that are still running end with `abort` and what they have, then the signal's reason is thrown. */
  readonly signal?: AbortSignal
}

export interface PlanOptions extends CallOptions {
  /** Called with how many of the prompts are read (templates, tokens), now and then, and in the end. What it throws ends the call. */
  readonly onProgress?: (progress: ReadProgress) => void
}

/** Prompts that are read, of all of a call. */
export interface ReadProgress {
  readonly done: number
  readonly of: number
}

export interface GenerateOptions extends PlanOptions {
  /**
   * Called with each piece of a prompt's text as soon as it is certain (no half characters, no beginnings of stop strings),
   * and the prompt's index in the call; joined, the pieces are the result's text. What it throws ends the call.
   */
  readonly onText?: (text: string, index: number) => void
  /**
   * The class of the call's prompts. Those of a higher class enter the next step, and prompts of lower ones that hold what they
   * need give way and go on later, with the same answers. `stream` is interactive unless this says otherwise, `generate`
   * normal, jobs from files background. Within a class the call with the fewest prompts left is served first,
   * and each eighth time the oldest.
   */
  readonly priority?: Priority
}

export interface TokenizeOptions extends EncodeOptions, CallOptions {}

/**
 * A model, ready to answer, wherever it runs. What it is stands in plain data; what it does comes by promises, which
 * reject with `Disposed` or `DeviceLost` once nothing works any more; or `WorkerFailed`, where it runs in a worker.
 */
export interface Engine {
  readonly modelName: string
  readonly config: ModelConfig
  /** The model's chat template, a Jinja template; undefined if it has none. */
  readonly chatTemplate: string | undefined
  /** How the GPU's memory is divided; `explainMemory` puts it in words. Like `decisions` and `weights`, of the present device. */
  readonly memory: MemoryPlan
  /** The choices made where an option was `auto`, and why; for people. */
  readonly decisions: readonly string[]
  /** The formats of the matrices in the model's files and on the GPU, and what was lost from one to the other. */
  readonly weights: readonly WeightKind[]
  /**
   * Resolves with the reason when the device is lost and no other takes its place (the option `onLost`), or the worker is that the engine
   * runs in, upon which nothing works any more; never rejects. Stays pending when the engine is disposed.
   */
  readonly lost: Promise<DeviceLost | WorkerFailed>

  /**
   * Generates for all prompts together. Results come as they finish; `.all()` gives them in order. A prompt that cannot
   * be served (no prompt at all, empty, longer than the context) fails alone: its result carries the error.
   *
   * Many prompts are read and planned a few milliseconds at a time, and none runs before all are; do not change them until
   * the generation's `plan` is there.
   * @param params for all prompts, or one for each
   * @throws InvalidRequest for a bad parameter or option, or prompts that are no array · Disposed · DeviceLost
   */
  generate(
    prompts: readonly Prompt[],
    params?: GenerationParams | readonly GenerationParams[],
    options?: GenerateOptions,
  ): Generation

  /**
   * Generates for one prompt and hands out the text as it comes; returns the result.
   * @throws what `generate` throws, and the error of a prompt that cannot be served
   */
  stream(
    prompt: Prompt,
    params?: GenerationParams,
    options?: Omit<GenerateOptions, 'onText'>,
  ): AsyncGenerator<string, GenerationResult, undefined>

  /**
   * The plan of what `generate` would do with these prompts, from an empty cache, without doing it: what they share, in which order
   * they would run, and what that comes to. Prompts that cannot be served are left out.
   * @throws InvalidRequest for a bad parameter · Disposed · DeviceLost
   */
  plan(
    prompts: readonly Prompt[],
    params?: GenerationParams | readonly GenerationParams[],
    options?: PlanOptions,
  ): Promise<JobPlan>

  /**
   * The tokens that `generate` would make of a prompt, special ones included, however many they are.
   * @throws InvalidRequest for what is no prompt, or a chat where the model has no chat template · Disposed · DeviceLost
   */
  tokenize(prompt: Prompt, options?: TokenizeOptions): Promise<number[]>

  /** The text of tokens; ids that the tokenizer does not know add nothing to it. @throws Disposed · DeviceLost */
  detokenize(tokenIds: readonly number[], options?: DecodeOptions): Promise<string>

  /** Checks parameters as `generate` would. @throws InvalidRequest */
  checkParams(params: GenerationParams): Promise<void>

  /**
   * The text of a small file beside the model's weights, such as `1_Pooling/config.json`; undefined where there is none.
   * @throws DownloadFailed · Disposed · DeviceLost · the signal's reason
   */
  modelFile(name: string, options?: CallOptions): Promise<string | undefined>

  /** Counts as they are when this is called. */
  stats(): Promise<EngineStats>

  /** GPU time per kernel so far, on the present device; empty without the option `study.profile` or where the device has no timestamps. */
  kernelTimes(): Promise<ReadonlyMap<string, KernelTime>>

  /**
   * Tells `listener` of all that the engine does: first, soon, how things stand, then each step, what changes in the prefix tree and in the
   * blocks of the KV cache, and calls. Who watches changes nothing but a little of the time; without, nothing is recorded. A
   * listener that throws is told nothing more, and the error is uncaught.
   * @returns what ends it
   * @throws Disposed · DeviceLost
   */
  watch(listener: EngineListener): () => void

  /** How things stand, once: what `watch` tells first. @throws Disposed · DeviceLost */
  inspect(): Promise<EngineSnapshot>

  /** Frees everything on the GPU (a borrowed device itself stays). Calls that are still running reject with `Disposed`. */
  dispose(): void
}
