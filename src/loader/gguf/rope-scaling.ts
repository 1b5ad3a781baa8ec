import { CorruptCheckpoint, UnsupportedModel } from '../../core/errors'
import type { JsonObject } from '../../core/json'
import type { Fields } from '../config/fields'

// Settings of every Llama 3.1 and later, of which the converter's factors are made.
const LOW_FREQ_FACTOR = 1
const HIGH_FREQ_FACTOR = 4
const ORIGINAL_POSITIONS = 8192

/** Relative error of the file's factors, which were computed in f32. */
const TOLERANCE = 1e-4

/** Divisors of rotary frequencies in a file, [rotaryDim / 2] each, by the names of its tensors (tensor-names.ts). */
export interface RopeFactors {
  readonly rope_freqs?: Float32Array
  readonly rope_factors_short?: Float32Array
  readonly rope_factors_long?: Float32Array
}

interface RopeSettings {
  readonly theta: number
  /** Number of a head's elements that turn. */
  readonly rotaryDim: number
  readonly factors: RopeFactors
}

/** The scaling of a file as Hugging Face's `rope_scaling`; undefined for none. */
export function ropeScaling(fields: Fields, { theta, rotaryDim, factors }: RopeSettings): JsonObject | undefined {
  const type = fields.read('rope.scaling.type') ?? 'linear'
  const givenFactor = fields.positive('rope.scaling.factor', fields.positive('rope.scale_linear', 1))
  const factor = type === 'none' ? 1 : givenFactor
  const { rope_freqs: frequencyFactors, rope_factors_short: short, rope_factors_long: long } = factors
  if (short && long) return longRope(fields, short, long)
  if (type === 'yarn') return yarn(fields, factor)
  fields.only('rope.scaling.attn_factor', 1)
  if (type !== 'none' && type !== 'linear') {
    throw new UnsupportedModel(
      `${fields.file}: ${fields.nameOf('rope.scaling.type')} is ${String(type)}; supported are none, linear, yarn.`,
    )
  }
  if (!frequencyFactors) return factor === 1 ? undefined : { rope_type: 'linear', factor }
  if (factor === 1) return llama3Scaling(fields.file, theta, rotaryDim, frequencyFactors)
  throw new CorruptCheckpoint(`${fields.file} scales rotary frequencies both by ${factor} and by factors of their own.`)
}

/** YaRN. GGUF's `attn_factor` multiplies what the factor asks for; transformers' `attention_factor` takes the place of that. */
function yarn(fields: Fields, factor: number): JsonObject {
  fields.only('rope.scaling.yarn_ext_factor', 1)
  fields.only('rope.scaling.yarn_attn_factor', 1)
  fields.only('rope.scaling.yarn_log_multiplier', 0)
  return {
    rope_type: 'yarn',
    factor,
    original_max_position_embeddings: fields.read('rope.scaling.original_context_length'),
    attention_factor: fields.positive('rope.scaling.attn_factor', 1) * (0.1 * Math.log(Math.max(1, factor)) + 1),
    beta_fast: fields.read('rope.scaling.yarn_beta_fast'),
    beta_slow: fields.read('rope.scaling.yarn_beta_slow'),
  }
}

/** Phi-3's LongRoPE, whose original context is where the short factors end. */
function longRope(fields: Fields, short: Float32Array, long: Float32Array): JsonObject {
  return {
    rope_type: 'longrope',
    short_factor: [...short],
    long_factor: [...long],
    original_max_position_embeddings: fields.read('rope.scaling.original_context_length'),
    attention_factor: fields.read('rope.scaling.attn_factor'),
  }
}

/**
 * Llama 3's scaling, of which GGUF has the result only, the divisor of each rotary frequency: the settings that give the
 * same. @throws UnsupportedModel if there are none
 */
function llama3Scaling(file: string, theta: number, rotaryDim: number, factors: Float32Array): JsonObject | undefined {
  const largest = factors.reduce((max, value) => Math.max(max, value), 1)
  const differs = factors.findIndex((value, index) => {
    const expected = llama3Factor(theta ** ((-2 * index) / rotaryDim), largest)
    return !(Math.abs(value / expected - 1) <= TOLERANCE)
  })
  if (differs >= 0) {
    throw new UnsupportedModel(
      `${file}: factor ${differs} of the rotary frequencies is ${factors[differs]}, which Llama 3's rule (up to ${largest}) does not give.`,
    )
  }
  if (largest === 1) return undefined
  return {
    rope_type: 'llama3',
    factor: largest,
    low_freq_factor: LOW_FREQ_FACTOR,
    high_freq_factor: HIGH_FREQ_FACTOR,
    original_max_position_embeddings: ORIGINAL_POSITIONS,
  }
}

/** The divisor that Llama 3 has for a frequency (radians per token): 1 if it turns often in the original context, `factor` if seldom. */
function llama3Factor(frequency: number, factor: number): number {
  const turns = (ORIGINAL_POSITIONS * frequency) / (2 * Math.PI)
  const smooth = (turns - LOW_FREQ_FACTOR) / (HIGH_FREQ_FACTOR - LOW_FREQ_FACTOR)
  const share = Math.min(Math.max(smooth, 0), 1)
  return 1 / ((1 - share) / factor + share)
}
