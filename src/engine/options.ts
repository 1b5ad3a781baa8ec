import { InvalidRequest } from '../core/errors'
import type { DeviceOptions } from '../gpu/device'
import type { WeightFormat } from '../kernels/pack'
import type { LoadProgress } from '../loader'

/** How far loading has come. `text` says it for people. */
export type EngineProgress = LoadProgress & { readonly text: string }

export interface EngineOptions extends DeviceOptions {
  /** How weights are kept on the GPU: `f32` is exact, `f16` takes half the memory. Default `f32`. */
  readonly weights?: WeightFormat
  /** Most tokens computed in a step; more is faster, less is smoother. Default 512. */
  readonly tokenBudget?: number
  /** KV cache size, in blocks of 16 tokens. Default: as many as fit `memoryBytes` or 1 GiB. */
  readonly blocks?: number
  /** Longest prompt and output together, in tokens. Default: the model's, as far as the cache holds it. */
  readonly contextLength?: number
  /** GPU memory for everything, in bytes. */
  readonly memoryBytes?: number
  /** Steps submitted before the first one's tokens have come back. Default 2; 1 waits for each. */
  readonly stepsInFlight?: number
  /** Times every kernel (`engine.kernelTimes()`), where the device has timestamps; slows the steps down. */
  readonly profile?: boolean
  /** Stops loading; the promise rejects with the signal's reason. */
  readonly signal?: AbortSignal
  readonly onProgress?: (progress: EngineProgress) => void
}

const KNOWN_OPTIONS = new Set<keyof EngineOptions>([
  'gpu',
  'device',
  'powerPreference',
  'limits',
  'weights',
  'tokenBudget',
  'blocks',
  'contextLength',
  'memoryBytes',
  'stepsInFlight',
  'profile',
  'signal',
  'onProgress',
])

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
  if (!['f32', 'f16', undefined].includes(options.weights)) {
    throw new InvalidRequest(`Engine option weights is ${String(options.weights)}, but must be f32 or f16.`)
  }
}
