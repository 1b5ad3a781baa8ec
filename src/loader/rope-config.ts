import { CorruptCheckpoint, UnsupportedModel } from '../core/errors'
import type { ModelConfig, RopeScaling } from '../core/model-config'
import { Fields } from './fields'
import { brief, isJsonObject } from './json'

/** transformers' default. */
const DEFAULT_THETA = 10_000

/** Meant for other kinds of scaling, or already applied; without effect on the kinds we have. */
const IGNORED = new Set(['original_max_position_embeddings'])

/**
 * Rotary position settings of config.json: `rope_theta` and `rope_scaling`, or since transformers 5 both in one object
 * `rope_parameters`; the kind of scaling is called `rope_type` or, in older files, `type`.
 */
export function parseRope(config: Fields): Pick<ModelConfig, 'ropeTheta' | 'ropeScaling'> {
  const theta = config.positive('rope_theta', DEFAULT_THETA)
  const scaling = config.read('rope_scaling')
  const parameters = config.read('rope_parameters')
  if (scaling !== undefined && parameters !== undefined) {
    throw new CorruptCheckpoint('config.json has both rope_scaling and rope_parameters; only one can hold.')
  }
  const json = parameters ?? scaling ?? {}
  const name = parameters === undefined ? 'rope_scaling' : 'rope_parameters'
  if (!isJsonObject(json)) throw config.wrong(name, json, 'an object')
  const fields = new Fields(json, `config.json: ${name}`)
  fields.only('partial_rotary_factor', 1)
  const result = { ropeTheta: fields.positive('rope_theta', theta), ropeScaling: parseScaling(fields) }
  fields.refuseUnread(IGNORED)
  return result
}

function parseScaling(fields: Fields): RopeScaling {
  const oldType = fields.read('type')
  const type = fields.read('rope_type') ?? oldType ?? 'default'
  if (oldType !== undefined && oldType !== type) {
    throw new CorruptCheckpoint(`${fields.file}: rope_type is ${brief(type)}, but type is ${brief(oldType)}.`)
  }
  switch (type) {
    case 'default':
      return { type: 'default' }
    case 'linear':
      return { type: 'linear', factor: fields.positive('factor') }
    case 'llama3':
      return parseLlama3(fields)
    default:
      throw new UnsupportedModel(`${fields.file}: rope_type is ${brief(type)}; supported are default, linear, llama3.`)
  }
}

function parseLlama3(fields: Fields): RopeScaling {
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
