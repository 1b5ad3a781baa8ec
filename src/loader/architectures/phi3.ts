import type { Architecture } from './architecture'
import { LLAMA_TENSORS, llamaLike } from './llama-like'
import { LLAMA_FIELDS } from './shared-fields'

/**
 * Phi-3, Phi-3.5 and Phi-4 mini (arXiv:2404.14219): a Llama with a sliding window, whose q, k and v are one tensor, and
 * gate and up another; the long variants turn by LongRoPE, the later ones only a part of each head.
 */
export const phi3: Architecture = {
  names: ['Phi3ForCausalLM'],
  gguf: {
    name: 'phi3',
    turnsPart: true,
    // early files leave out the window, which Phi-3's models of 4096 positions have (llama.cpp's pull request 8931)
    config: ({ fields }) => {
      const isEarly = fields.read('attention.sliding_window') === undefined
      return isEarly && fields.read('context_length') === 4096 ? { sliding_window: 2047 } : {}
    },
  },
  reads: [...LLAMA_FIELDS, 'sliding_window'],
  only: { attention_bias: false, lm_head_bias: false, mlp_bias: false },
  // code for versions of transformers without Phi-3, and settings that only that code reads
  irrelevant: ['auto_map', 'full_attn_mod', 'interpolate_factor'],
  describe: fields => ({
    ...llamaLike(fields, { normEps: 1e-5, rotaryShare: 1, kinds: { yarn: 'longrope' } }),
    tensors: {
      ...LLAMA_TENSORS,
      layer: {
        ...LLAMA_TENSORS.layer,
        qkv: [{ name: 'self_attn.qkv_proj' }],
        gateUp: [{ name: 'mlp.gate_up_proj' }],
      },
    },
  }),
}
