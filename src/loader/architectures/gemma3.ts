import { isJsonObject, type JsonObject } from '../../core/json'
import type { Fields } from '../config/fields'
import { type RopeOptions, readRope, readRopeObject } from '../config/rope-config'
import type { Architecture, GgufDescription } from './architecture'
import { GEMMA_FIELDS, GEMMA_TENSORS, gemma, gemmaNorm, ggufGemma } from './gemma2'

/**
 * Gemma 3's text models (arXiv:2503.19786): Gemma 2 without caps but with a norm of each head of q and k, and with two
 * rotations: layers with a sliding window have one of their own, and five of six layers have a window.
 */
export const gemma3: Architecture = {
  names: ['Gemma3ForCausalLM'],
  gguf: {
    name: 'gemma3',
    config: model => ({
      ...ggufGemma(model, 62),
      rope_theta: model.fields.positive('rope.freq_base', 1e6),
      rope_local_base_freq: model.fields.positive('rope.freq_base_swa', 10_000),
      ...ggufWindows(model),
    }),
  },
  reads: [...GEMMA_FIELDS, 'rope_local_base_freq', 'sliding_window_pattern'],
  only: { use_bidirectional_attention: false },
  irrelevant: ['cache_implementation'],
  describe: fields => {
    const pattern = fields.size('sliding_window_pattern', Number.MAX_SAFE_INTEGER, 6)
    return {
      ...gemma(fields, { ropes: readRopes, slides: layer => (layer + 1) % pattern !== 0 }),
      qkNorm: 'head',
      tensors: {
        ...GEMMA_TENSORS,
        layer: {
          ...GEMMA_TENSORS.layer,
          qNorm: gemmaNorm('self_attn.q_norm'),
          kNorm: gemmaNorm('self_attn.k_norm'),
        },
      },
    }
  },
}

/**
 * The rotations of both kinds of layers. `rope_scaling` is for those without a window only. Since transformers 5
 * `rope_parameters` has both, by the names that `layer_types` has for the layers.
 */
function readRopes(fields: Fields, options: RopeOptions) {
  const fullOptions = { ...options, defaultTheta: 1e6 }
  const both = fields.json.rope_parameters
  if (isJsonObject(both) && isJsonObject(both.full_attention) && isJsonObject(both.sliding_attention)) {
    fields.read('rope_parameters')
    return {
      full: readRopeObject(fields, both.full_attention, 'rope_parameters.full_attention', fullOptions),
      sliding: readRopeObject(fields, both.sliding_attention, 'rope_parameters.sliding_attention', options),
    }
  }
  const theta = fields.positive('rope_local_base_freq', 10_000)
  return {
    full: readRope(fields, fullOptions),
    sliding: { dim: options.headDim, theta, scaling: { type: 'default' } } as const,
  }
}

/** The layers with a window, in config.json's terms. GGUF has a list of them, or a number n for all but every nth; 0 for all. */
export function ggufWindows({ fields, perLayer }: GgufDescription): JsonObject {
  const name = 'attention.sliding_window_pattern'
  if (typeof fields.read(name) === 'number') {
    return { sliding_window_pattern: fields.count(name, 0) || Number.MAX_SAFE_INTEGER }
  }
  const slides = perLayer(name)
  return slides ? { layer_types: Array.from(slides, each => (each ? 'sliding_attention' : 'full_attention')) } : {}
}
