import { isJsonObject, type JsonObject } from '../../core/json'
import { Fields } from '../config/fields'
import { readRopeObject } from '../config/rope-config'
import type { Architecture } from './architecture'
import { llamaLike } from './llama-like'
import { LLAMA_FIELDS } from './shared-fields'

/**
 * Ministral 3 (arXiv:2601.08584), the text part of its multimodal checkpoints: a Llama with YaRN and with queries that grow with
 * their position beyond the original context, as in Llama 4.
 */
export const ministral3: Architecture = {
  names: ['Ministral3ForCausalLM'],
  reads: [...LLAMA_FIELDS.filter(name => name !== 'rope_scaling'), 'sliding_window'],
  describe: fields => {
    const { llama_4_scaling_beta, max_position_embeddings: _, ...rope } = readParameters(fields)
    const scaling = new Fields({ ...rope, llama_4_scaling_beta }, 'config.json: rope_parameters')
    const factor = scaling.share('llama_4_scaling_beta', 0)
    return {
      ...llamaLike(fields, {
        normEps: 1e-5,
        headDim: 128,
        numKvHeads: 8,
        ropes: (fields, options) => {
          const own = readRopeObject(fields, rope, 'rope_parameters', { ...options, defaultTheta: 1e6 })
          return { full: own, sliding: own }
        },
      }),
      queryGrowth:
        factor === 0
          ? undefined
          : { factor, positions: scaling.size('original_max_position_embeddings', Number.MAX_SAFE_INTEGER) },
    }
  },
}

function readParameters(fields: Fields): JsonObject {
  const parameters = fields.read('rope_parameters')
  if (isJsonObject(parameters)) return parameters
  throw fields.wrong('rope_parameters', parameters, 'an object')
}
