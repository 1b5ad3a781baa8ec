import type { Architecture } from './architecture'
import { attentionBiases, LLAMA_TENSORS, llamaLike } from './llama-like'
import { LLAMA_FIELDS } from './shared-fields'

/**
 * OLMo 2 (arXiv:2501.00656): a Llama that norms what attention and MLP give instead of what they read, and q and k each as
 * one vector of all heads.
 */
export const olmo2: Architecture = {
  names: ['Olmo2ForCausalLM'],
  gguf: { name: 'olmo2' },
  reads: [...LLAMA_FIELDS, 'attention_bias'],
  describe: fields => ({
    ...llamaLike(fields, { normEps: 1e-5 }),
    ...attentionBiases(fields),
    qkNorm: 'projection',
    tensors: {
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
    },
  }),
}
