import type { AttentionMode } from '../attention/plan'
import { InvalidRequest } from '../core/errors'
import type { KvFormat } from '../core/kv-format'
import type { DeviceOptions } from '../gpu/device'
import type { WeightFormat } from '../kernels/matrix-format'
import type { CacheChoice, HubOptions, LoadProgress } from '../loader'
import type { WorkerOptions } from '../packing/worker-packer'
import type { Order } from '../planner/order-prompts'
import type { Sharing } from '../planner/plan-job'

/** How far loading has come. `text` says it for people. */
export type EngineProgress = LoadProgress & { readonly text: string }

export interface EngineOptions extends DeviceOptions, WorkerOptions {
  /** Where Hugging Face ids are looked up: host, access token, revision. */
  readonly hub?: HubOptions
  /**
   * Where files from the hub are kept for the next time: `true`, the default in a page: the browser's storage of this
   * site; a text, in Node: a folder; `false`: nowhere.
   */
  readonly cache?: CacheChoice
  /**
   * What weights are kept as on the GPU: `f32` is exact, `f16` takes half the memory; with `q8` and `q4` matrices are
   * integers of 8 or 4 bits with a scale for every 32 (with `q4` the embedding and the LM head have 8), unless they are as
   * narrow in the model's files already. `auto`, the default: quantised matrices stay as they are; floats are exact in a
   * small model, else as narrow as they must be to fit (`engine.decisions` says what became of it).
   */
  readonly weights?: WeightFormat | 'auto'
  /**
   * What matrices of integers are multiplied by: `f32`, the default, or `int8` with a scale for 32 values, which is faster
   * where the device multiplies four such at once, and off by some 0.3% a product. Batching changes nothing in either.
   */
  readonly activations?: 'f32' | 'int8'
  /**
   * How the KV cache is kept on the GPU: `f32` is exact, `f16` takes half the memory, `int8` a little over a quarter.
   * `int4`, an experiment, takes a sixth and changes answers (docs/design.md): `auto` never chooses it.
   * `auto`, the default: `f32` beside exact weights, else `f16`; narrower where contexts would be short.
   */
  readonly kv?: KvFormat | 'auto'
  /** Most tokens computed in a step; more is faster, less is smoother. Default 512. */
  readonly tokenBudget?: number
  /** KV cache size, in blocks of 16 tokens. Default: as many as fit `memoryBytes` or 1 GiB. */
  readonly blocks?: number
  /** Longest prompt and output together, in tokens. Default: the model's up to 262,144, as far as the cache holds it. */
  readonly contextLength?: number
  /**
   * GPU memory for everything, in bytes. Default: as much as weights and a KV cache of 1 GiB need; `auto` then assumes half
   * of the memory that the browser says the device has, or 2 GiB.
   */
  readonly memoryBytes?: number
  /** Steps submitted before the first one's tokens have come back. Default 2; 1 waits for each. */
  readonly stepsInFlight?: number
  /**
   * What prompts share: `tree`, the default: all that their beginnings have in common, at any depth, and what
   * earlier calls left; `two-level`: one prefix per group of prompts; `cache`: what happens to be there when a prompt's
   * turn comes; `off`: nothing. The answers are the same.
   */
  readonly sharing?: Sharing
  /**
   * How attention reads blocks that several sequences of a step share: `shared`, the default: once for all where that is
   * cheaper; `split`: once wherever possible; `flat`: once for each. The answers are the same. `skip` leaves attention
   * out, for measuring the rest: the answers are wrong.
   */
  readonly attention?: AttentionMode
  /**
   * In which order the prompts of a call start: `ratio`: those with most output per token to compute first; `dual`: from
   * both ends of that; `fcfs`: as given. All but `fcfs` keep prompts together that share. Default: whichever takes the
   * fewest steps in a dry run. With `cache` prompts always start as given.
   */
  readonly order?: Order
  /**
   * Whether to time the ways to multiply while the weights load, within a second, and to use the fastest of each shape; the
   * answers are the same. What was found is kept for the next load: in a page for the next visit too, unless `cache` is
   * `false`. Default: `true` on GPUs; `false` on adapters of software, for which that has been done.
   */
  readonly tuning?: boolean
  /** Times every kernel (`engine.kernelTimes()`), where the device has timestamps; slows the steps down. */
  readonly profile?: boolean
  /** Stops loading; the promise rejects with the signal's reason. */
  readonly signal?: AbortSignal
  readonly onProgress?: (progress: EngineProgress) => void
}

/** Each has buffers of its own; beyond a few the GPU waits for nothing any more. */
const MAX_STEPS_IN_FLIGHT = 64

const KNOWN_OPTIONS = new Set<keyof EngineOptions>([
  'gpu',
  'device',
  'powerPreference',
  'limits',
  'hub',
  'cache',
  'weights',
  'activations',
  'kv',
  'tokenBudget',
  'blocks',
  'contextLength',
  'memoryBytes',
  'stepsInFlight',
  'sharing',
  'attention',
  'order',
  'tuning',
  'profile',
  'signal',
  'onProgress',
  'worker',
  'workerUrl',
])

const CHOICES: Readonly<
  Record<'weights' | 'activations' | 'kv' | 'sharing' | 'attention' | 'order', readonly string[]>
> = {
  weights: ['f32', 'f16', 'q8', 'q4', 'auto'],
  activations: ['f32', 'int8'],
  kv: ['f32', 'f16', 'int8', 'int4', 'auto'],
  sharing: ['off', 'cache', 'two-level', 'tree'],
  attention: ['shared', 'split', 'flat', 'skip'],
  order: ['fcfs', 'ratio', 'dual'],
}

/** @throws InvalidRequest that names the option, its value and what it takes */
export function checkOptions(options: EngineOptions): void {
  const unknown = Object.keys(options).filter(name => !KNOWN_OPTIONS.has(name as keyof EngineOptions))
  if (unknown.length > 0) {
    throw new InvalidRequest(`Unknown engine option ${unknown.join(', ')}. Known are ${[...KNOWN_OPTIONS].join(', ')}.`)
  }
  for (const name of ['tokenBudget', 'blocks', 'contextLength', 'memoryBytes', 'stepsInFlight'] as const) {
    const value = options[name]
    if (value !== undefined && !(Number.isInteger(value) && value >= 1)) {
      throw new InvalidRequest(`Engine option ${name} is ${String(value)}, but must be a whole number of at least 1.`)
    }
  }
  const { stepsInFlight = 1 } = options
  if (stepsInFlight > MAX_STEPS_IN_FLIGHT) {
    throw new InvalidRequest(
      `Engine option stepsInFlight is ${stepsInFlight}, but may be ${MAX_STEPS_IN_FLIGHT} at most.`,
    )
  }
  for (const [name, allowed] of Object.entries(CHOICES)) {
    const value = options[name as keyof typeof CHOICES]
    if (value !== undefined && !allowed.includes(value)) {
      throw new InvalidRequest(`Engine option ${name} is ${String(value)}, but must be one of ${allowed.join(', ')}.`)
    }
  }
  const { worker, workerUrl } = options
  if (worker !== undefined && worker !== false && typeof worker !== 'function') {
    throw new InvalidRequest(
      `Engine option worker is ${String(worker)}, but must be a function that makes a Worker, or false.`,
    )
  }
  if (workerUrl !== undefined && typeof workerUrl !== 'string' && !(workerUrl instanceof URL)) {
    throw new InvalidRequest(`Engine option workerUrl is ${String(workerUrl)}, but must be a text or a URL.`)
  }
}
