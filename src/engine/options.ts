import { InvalidRequest } from '../core/errors'
import type { DeviceOptions } from '../gpu/device'
import type { CacheChoice, HubOptions, LoadProgress } from '../loader'
import type { PackingOptions } from '../packing/worker-packer'
import { CHOICES, type Choice } from './choices'
import type { Patience } from './patience'

/**
 * The parts of loading: what the files say of the model, how the GPU's memory is divided, the weights, and kernels, of which some are timed.
 * The last three go on together; there is no `tuning` where nothing is timed.
 */
export type LoadPhase = 'files' | 'memory' | 'weights' | 'kernels' | 'tuning'

/** The progress of loading. The bytes of files are those of the weights, while these load. */
export interface EngineProgress extends Partial<LoadProgress> {
  readonly phase: LoadPhase
  /** Of the phase: bytes of weights; else 0 when it begins and 1 when it is over. */
  readonly done: number
  readonly of: number
  /** In words, for people. */
  readonly text: string
}

export interface EngineOptions extends DeviceOptions {
  /** Where Hugging Face ids are looked up: host, access token, revision. */
  readonly hub?: HubOptions
  /**
   * Where files from the hub are kept for the next time: `true`, the default in a page: the browser's storage of this
   * site; a text, in Node: a folder; `false`: nowhere.
   */
  readonly cache?: CacheChoice
  /**
   * The format of weights on the GPU: `f32` is exact, `f16` takes half the memory; with `q8` and `q4` matrices are
   * integers of 8 or 4 bits with a scale for every 32 (with `q4` the embedding and the LM head have 8), unless they are as
   * narrow in the model's files already. `auto`, the default: quantised matrices stay as they are; floats are exact in a
   * small model, else as narrow as they must be to fit (`engine.decisions` says what became of it).
   */
  readonly weights?: Choice<'weights'>
  /**
   * The format that matrices of integers are multiplied with: `f32`, the default, or `int8` with a scale for 32 values, which is faster
   * where the device multiplies four such at once, and off by some 0.3% a product. Batching changes nothing in either.
   */
  readonly activations?: Choice<'activations'>
  /**
   * How the KV cache is kept on the GPU: `f32` is exact, `f16` takes half the memory, `int8` a little over a quarter.
   * `int4`, an experiment, takes a sixth and changes answers (docs/design.md): `auto` never chooses it.
   * `auto`, the default: `f32` beside exact weights, else `f16`; narrower where contexts would be short.
   */
  readonly kv?: Choice<'kv'>
  /** Most tokens computed in a step; more is faster, less is smoother. Default 512. */
  readonly tokenBudget?: number
  /**
   * Milliseconds that the GPU computes a step, or a part of one, before others that draw have their turn: long steps compute fewer
   * tokens, or are submitted in parts. `Infinity`: as long as it takes. Default: 50 in a page while it is seen; elsewhere, workers and
   * Node, `Infinity`. No answer depends on it.
   */
  readonly frameMs?: number
  /** KV cache size, in blocks of 16 tokens. Default: as many as fit `memoryBytes` or 1 GiB. */
  readonly blocks?: number
  /** Longest prompt and output together, in tokens. Default: the model's up to 262,144, as far as the cache holds it. */
  readonly contextLength?: number
  /**
   * GPU memory for everything, in bytes. Default: as much as weights and a KV cache of 1 GiB need; `auto` then assumes half
   * of the memory that the browser says the device has, or 2 GiB.
   */
  readonly memoryBytes?: number
  /**
   * What becomes of the engine when its device is lost, or the GPU refuses it memory: `end`: everything ends with `DeviceLost`; `revive`:
   * it takes another device and loads the weights again, and all that is unfinished goes on from the tokens it has, with the
   * same answers, up to 3 times within 10 minutes, or as often as `{ losses, minutes }` says. Where nothing is under way, that is at the next
   * call. Default: as `revive` while a call of priority `background` is under way, as jobs are, else as `end`. A `device` of the caller's is not
   * replaced.
   */
  readonly onLost?: 'revive' | 'end' | Patience
  /** How weights are packed off the engine's thread, where it cannot be found out. */
  readonly packing?: PackingOptions
  /** Replaces what the engine does by itself, to see what that brings. No answer depends on it. */
  readonly study?: StudyOptions
  /** Stops loading; the promise rejects with the signal's reason. */
  readonly signal?: AbortSignal
  readonly onProgress?: (progress: EngineProgress) => void
}

/** Options for measuring and comparing: the defaults are what is best known. */
export interface StudyOptions {
  /**
   * The beginnings that prompts share: `tree`, the default: all that their beginnings have in common, at any depth, and what
   * earlier calls left; `two-level`: one prefix per group of prompts; `cache`: what happens to be there when a prompt's
   * turn comes; `off`: nothing.
   */
  readonly sharing?: Choice<'sharing'>
  /**
   * How attention reads blocks that several sequences of a step share: `shared`, the default: once for all where that is
   * cheaper; `split`: once wherever possible; `flat`: once for each.
   */
  readonly attention?: Choice<'attention'>
  /**
   * The order in which the prompts of a call start: `ratio`: those with most output per token to compute first; `dual`: from
   * both ends of that; `fcfs`: as given. All but `fcfs` keep prompts together that share. Default: whichever takes the
   * fewest steps in a dry run. With `cache` prompts always start as given.
   */
  readonly order?: Choice<'order'>
  /** Steps submitted before the first one's tokens have come back. Default 2; 1 waits for each; 64 at most. */
  readonly stepsInFlight?: number
  /**
   * Whether to time the ways to multiply while the weights load, within a second, and to use the fastest of each shape.
   * The fastest ways are kept for the next load: in a page for the next visit too, unless `cache` is `false`. Default: `true`
   * on GPUs; `false` on adapters of software, for which that has been done.
   */
  readonly tuning?: boolean
  /** Times every kernel (`engine.kernelTimes()`), where the device has timestamps; slows the steps down. */
  readonly profile?: boolean
}

const DEFAULTS = {
  weights: 'auto',
  activations: 'f32',
  kv: 'auto',
  tokenBudget: 512,
  sharing: 'tree',
  attention: 'shared',
  stepsInFlight: 2,
  profile: false,
} as const

type Completed = Pick<EngineOptions & StudyOptions, keyof typeof DEFAULTS>

/** Checked options, side by side. What is still undefined follows from the place, the model, the device or a call. */
export interface Settings
  extends Required<Omit<Completed, 'attention'>>,
    Omit<EngineOptions, keyof Completed | 'study'>,
    Omit<StudyOptions, keyof Completed> {
  /** `skip` leaves attention out: the answers are wrong, and say how long everything else takes. No option asks for it. */
  readonly attention: Choice<'attention'> | 'skip'
}

/** The fault of a value, told as what it must be instead; undefined if it has none. */
type Check = (value: unknown) => string | undefined

const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null

const anything: Check = () => undefined

const oneOf =
  (choices: readonly unknown[]): Check =>
  value =>
    choices.includes(value) ? undefined : `one of ${choices.join(', ')}`

const count =
  (most = Number.POSITIVE_INFINITY): Check =>
  value => {
    if (Number.isInteger(value) && Number(value) >= 1 && Number(value) <= most) return undefined
    return most === Number.POSITIVE_INFINITY ? 'a whole number of at least 1' : `a whole number from 1 to ${most}`
  }

const OPTIONS: Readonly<Record<keyof EngineOptions, Check>> = {
  gpu: anything,
  device: anything,
  powerPreference: anything,
  limits: anything,
  hub: anything,
  cache: anything,
  weights: oneOf(CHOICES.weights),
  activations: oneOf(CHOICES.activations),
  kv: oneOf(CHOICES.kv),
  tokenBudget: count(),
  frameMs: value => (Number(value) >= 1 ? undefined : 'a number of milliseconds of at least 1, or Infinity'),
  blocks: count(),
  contextLength: count(),
  memoryBytes: count(),
  onLost: value => (isOnLost(value) ? undefined : "'revive', 'end' or numbers like { losses: 3, minutes: 10 }"),
  packing: value => (isObject(value) ? undefined : 'an object like { worker: false }'),
  study: value => (isObject(value) ? undefined : "an object like { sharing: 'off' }"),
  signal: anything,
  onProgress: anything,
}

function isOnLost(value: unknown): boolean {
  if (!isObject(value)) return value === 'revive' || value === 'end'
  const { losses, minutes, ...others } = value as Partial<Patience>
  return Number.isInteger(losses) && Number(losses) >= 1 && Number(minutes) > 0 && Object.keys(others).length === 0
}

const PACKING_OPTIONS: Readonly<Record<keyof PackingOptions, Check>> = {
  worker: value =>
    value === false || typeof value === 'function' ? undefined : 'a function that makes a Worker, or false',
  workerUrl: value => (typeof value === 'string' || value instanceof URL ? undefined : 'a text or a URL'),
}

const NOT_HERE =
  'Engine option worker is taken by `createEngine` of coppice/client, which runs the engine in a worker; here packing.worker says who packs weights.'

const STUDY_OPTIONS: Readonly<Record<keyof StudyOptions, Check>> = {
  sharing: oneOf(CHOICES.sharing),
  attention: oneOf(CHOICES.attention),
  order: oneOf(CHOICES.order),
  // each has buffers of its own, and beyond a few the GPU waits for nothing any more
  stepsInFlight: count(64),
  tuning: anything,
  profile: anything,
}

/** The one place where options get their defaults. @throws InvalidRequest that names an option, its value and what it takes */
export function completeOptions(options: EngineOptions): Settings {
  if ('worker' in options && options.worker !== undefined) throw new InvalidRequest(NOT_HERE)
  const { study = {}, ...others } = checked(options, OPTIONS, '')
  if (others.device && others.onLost && others.onLost !== 'end') {
    throw new InvalidRequest(
      'Engine option onLost asks for another device when one is lost, but the option device gives the only one. Leave out device, or give gpu, from which the engine takes devices.',
    )
  }
  checked(others.packing ?? {}, PACKING_OPTIONS, 'packing.')
  return { ...DEFAULTS, ...others, ...checked(study, STUDY_OPTIONS, 'study.') }
}

/** The options that are given, without those that are undefined. */
function checked<T extends object>(options: T, checks: Readonly<Record<keyof T, Check>>, prefix: string): T {
  const given = Object.entries(options).filter(([, value]) => value !== undefined)
  const unknown = given.filter(([name]) => !Object.hasOwn(checks, name)).map(([name]) => prefix + name)
  if (unknown.length > 0) {
    const known = Object.keys(checks).map(name => prefix + name)
    throw new InvalidRequest(`Unknown engine option ${unknown.join(', ')}. Known are ${known.join(', ')}.`)
  }
  for (const [name, value] of given) {
    const wanted = checks[name as keyof T](value)
    if (wanted) throw new InvalidRequest(`Engine option ${prefix}${name} is ${String(value)}, but must be ${wanted}.`)
  }
  return Object.fromEntries(given) as T
}
