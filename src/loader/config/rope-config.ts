import { CorruptCheckpoint, UnsupportedModel } from '../../core/errors'
import { brief, isJsonObject, type JsonObject } from '../../core/json'
import type { Rope, RopeScaling } from '../../core/model-config'
import { Fields } from './fields'

/** Default of `rope_theta` in transformers. */
const DEFAULT_THETA = 10_000

/**
 * Fields without effect in transformers, for any kind of scaling: they are meant for another kind, have been applied in the
 * training or are read by other programs (`attn_factor` by llama.cpp, `finetuned` and the mscales by code of the models' own).
 */
const IGNORED = new Set([
  ...['original_max_position_embeddings', 'finetuned', 'attn_factor', 'short_mscale', 'long_mscale'],
  ...['factor', 'attention_factor', 'beta_fast', 'beta_slow', 'truncate'],
  ...['low_freq_factor', 'high_freq_factor', 'short_factor', 'long_factor'],
])

export interface RopeOptions {
  readonly headDim: number
  readonly maxPositions: number
  /** Theta where config.json has none. */
  readonly defaultTheta?: number
  /** Share of a head's dims that turns where config.json has none; absent: config.json must not ask for less than all. */
  readonly rotaryShare?: number
  /** Names of kinds of scaling in this architecture → the kinds that they mean. */
  readonly kinds?: Readonly<Record<string, string>>
  /** Fields beside those of the rotation that the architecture reads itself. */
  readonly ownFields?: readonly string[]
}

/**
 * Rotary position settings of config.json: `rope_theta` and `rope_scaling`, or since transformers 5 both in one object
 * `rope_parameters`; the kind of scaling is called `rope_type` or, in older files, `type`.
 */
export function readRope(config: Fields, options: RopeOptions): Rope {
  const [name, json = {}] = ropeObject(config)
  return readRopeObject(config, json, name, options)
}

/** The object of rotary position settings and the field that it is in; undefined if there is none. */
export function ropeObject(config: Fields): readonly [field: string, json: JsonObject | undefined] {
  const scaling = config.read('rope_scaling')
  const parameters = config.read('rope_parameters')
  if (scaling !== undefined && parameters !== undefined) {
    throw new CorruptCheckpoint('config.json has both rope_scaling and rope_parameters; only one can hold.')
  }
  const json = parameters ?? scaling
  const name = parameters === undefined ? 'rope_scaling' : 'rope_parameters'
  if (json !== undefined && !isJsonObject(json)) throw config.wrong(name, json, 'an object')
  return [name, json]
}

/** Rotary position settings of the object `name`, which come before those that config.json has beside it. */
export function readRopeObject(config: Fields, json: JsonObject, name: string, options: RopeOptions): Rope {
  const { headDim, maxPositions, defaultTheta = DEFAULT_THETA, rotaryShare, ownFields = [] } = options
  const fields = new Fields(json, `config.json: ${name}`)
  const theta = fields.positive('rope_theta', config.positive('rope_theta', defaultTheta))
  const dim = rotaryDim([fields, config], headDim, rotaryShare)
  const innerPositions = fields.positive('original_max_position_embeddings', maxPositions)
  const originalPositions = config.positive('original_max_position_embeddings', innerPositions)
  const rope = { dim, theta, scaling: readScaling(fields, { ...options, dim, originalPositions }) }
  fields.refuseUnread(new Set([...IGNORED, ...ownFields]))
  return rope
}

function rotaryDim(objects: readonly Fields[], headDim: number, rotaryShare: number | undefined): number {
  if (rotaryShare === undefined) {
    for (const fields of objects) fields.only('partial_rotary_factor', 1)
    return headDim
  }
  const [inner, outer] = objects
  const share = inner.positive('partial_rotary_factor', outer.positive('partial_rotary_factor', rotaryShare))
  const dim = Math.floor(headDim * share)
  if (dim > 0 && dim <= headDim && dim % 2 === 0) return dim
  throw new CorruptCheckpoint(
    `config.json: ${share} of the ${headDim} dims of a head turn, which are not pairs of them.`,
  )
}

interface ScalingContext extends Pick<RopeOptions, 'maxPositions' | 'kinds'> {
  /** Dims of a head that turn. */
  readonly dim: number
  readonly originalPositions: number
}

function readScaling(fields: Fields, context: ScalingContext): RopeScaling {
  const oldType = fields.read('type')
  const name = fields.read('rope_type') ?? oldType ?? 'default'
  if (oldType !== undefined && oldType !== name) {
    throw new CorruptCheckpoint(`${fields.file}: rope_type is ${brief(name)}, but type is ${brief(oldType)}.`)
  }
  const type = context.kinds?.[String(name)] ?? name
  switch (type) {
    case 'default':
      return { type: 'default' }
    case 'linear':
      return { type: 'linear', factor: fields.positive('factor') }
    case 'llama3':
      return readLlama3(fields)
    case 'yarn':
      return readYarn(fields, context)
    // as Phi-3 first called it
    case 'su':
    case 'longrope':
      return readLongRope(fields, context)
    default:
      throw new UnsupportedModel(
        `${fields.file}: rope_type is ${brief(name)}; supported are default, linear, llama3, yarn, longrope.`,
      )
  }
}

function readLlama3(fields: Fields): RopeScaling {
  const lowFreqFactor = fields.positive('low_freq_factor')
  const highFreqFactor = fields.positive('high_freq_factor')
  // Between the two the frequency is interpolated, with their difference as the divisor.
  if (highFreqFactor <= lowFreqFactor) {
    throw fields.wrong('high_freq_factor', highFreqFactor, `above low_freq_factor ${lowFreqFactor}`)
  }
  return {
    type: 'llama3',
    factor: fields.positive('factor'),
    lowFreqFactor,
    highFreqFactor,
    originalMaxPositions: fields.positive('original_max_position_embeddings'),
  }
}

/** YaRN (arXiv:2309.00071 §3), with DeepSeek's split of the attention factor into two. */
function readYarn(fields: Fields, { originalPositions }: ScalingContext): RopeScaling {
  const factor = fields.positive('factor')
  const scaleOf = (mscale: number) => (factor <= 1 ? 1 : 0.1 * mscale * Math.log(factor) + 1)
  const [mscale, mscaleAllDim] = [fields.read('mscale'), fields.read('mscale_all_dim')]
  const hasBoth = isPositiveNumber(mscale) && isPositiveNumber(mscaleAllDim)
  const usual = hasBoth ? scaleOf(mscale) / scaleOf(mscaleAllDim) : scaleOf(1)
  return {
    type: 'yarn',
    factor,
    betaFast: fields.positive('beta_fast', 32),
    betaSlow: fields.positive('beta_slow', 1),
    truncate: fields.flag('truncate', true),
    originalMaxPositions: originalPositions,
    attentionFactor: fields.positive('attention_factor', usual),
  }
}

/** LongRoPE (arXiv:2402.13753): a factor for each pair of dims, found by search. */
function readLongRope(fields: Fields, { dim, maxPositions, originalPositions }: ScalingContext): RopeScaling {
  const factor = fields.positive('factor', maxPositions / originalPositions)
  const usual = factor <= 1 ? 1 : Math.sqrt(1 + Math.log(factor) / Math.log(originalPositions))
  return {
    type: 'longrope',
    shortFactors: fields.positives('short_factor', dim / 2),
    longFactors: fields.positives('long_factor', dim / 2),
    originalMaxPositions: originalPositions,
    attentionFactor: fields.positive('attention_factor', usual),
  }
}

function isPositiveNumber(value: unknown): value is number {
  return typeof value === 'number' && value > 0 && value < Number.POSITIVE_INFINITY
}
