import type { TensorNames } from '../../core/model-config'
import type { Fields } from '../config/fields'
import type { Architecture, Decoder } from './architecture'
import { ggufWindows } from './gemma3'
import { attentionBiases, LLAMA_TENSORS, type LlamaVariation, llamaLike } from './llama-like'
import { LLAMA_FIELDS } from './shared-fields'

export const OLMO2_FIELDS = [...LLAMA_FIELDS, 'attention_bias']

/**
 * OLMo 2 (arXiv:2501.00656): a Llama that norms what attention and MLP give instead of what they read, and q and k each as
 * one vector of all heads.
 */
export const olmo2: Architecture = {
  names: ['Olmo2ForCausalLM'],
  gguf: {
    name: 'olmo2',
    // OLMo 3 has the same name there
    config: model => {
      if (model.fields.read('attention.sliding_window') === undefined) return {}
      return { architectures: ['Olmo3ForCausalLM'], ...ggufWindows(model) }
    },
  },
  reads: OLMO2_FIELDS,
  describe: fields => olmo(fields),
}

/** The decoder of OLMo 2 and 3. */
export function olmo(fields: Fields, variation: LlamaVariation = {}): Decoder {
  return {
    ...llamaLike(fields, { normEps: 1e-5, ...variation }),
    ...attentionBiases(fields),
    qkNorm: 'projection',
    tensors: POST_NORM_TENSORS,
  }
}

/** Names of a Llama that norms what attention and MLP give instead of what they read, and q and k. */
export const POST_NORM_TENSORS: TensorNames = {
  ...LLAMA_TENSORS,
  layer: {
    ...LLAMA_TENSORS.layer,
    attentionNorm: undefined,
    qNorm: { name: 'self_attn.q_norm' },
    kNorm: { name: 'self_attn.k_norm' },
    postAttentionNorm: { name: 'post_attention_layernorm' },
    mlpNorm: undefined,
    postMlpNorm: { name: 'post_feedforward_layernorm' },
  },
}
