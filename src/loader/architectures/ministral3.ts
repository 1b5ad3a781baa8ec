import { Fields } from '../config/fields'
import { readRopeObject, ropeObject } from '../config/rope-config'
import type { Architecture } from './architecture'
import { llamaLike } from './llama-like'
import { LLAMA_FIELDS } from './shared-fields'

/**
 * Ministral 3 (arXiv:2601.08584), the text part of its multimodal checkpoints: a Llama with YaRN and with queries that grow with
 * their position beyond the original context, as in Llama 4.
 */
export const ministral3: Architecture = {
  names: ['Ministral3ForCausalLM'],
  reads: [...LLAMA_FIELDS, 'sliding_window'],
  describe: fields => {
    const [name, json] = ropeObject(fields)
    if (!json) throw fields.wrong('rope_parameters', undefined, 'an object')
    const scaling = new Fields(json, `config.json: ${name}`)
    const factor = scaling.nonNegative('llama_4_scaling_beta', 0)
    const positions = factor && scaling.size('original_max_position_embeddings', Number.MAX_SAFE_INTEGER)
    return {
      ...llamaLike(fields, {
        normEps: 1e-5,
        headDim: 128,
        numKvHeads: 8,
        ropes: (fields, options) => {
          const ownFields = ['llama_4_scaling_beta', 'max_position_embeddings']
          const rope = readRopeObject(fields, json, name, { ...options, ownFields, defaultTheta: 1e6 })
          return { full: rope, sliding: rope }
        },
      }),
      queryGrowth: factor === 0 ? undefined : { factor, positions },
    }
  },
}
