import type { Architecture } from './architecture'
import { attentionBiases, LLAMA_TENSORS, llamaLike } from './llama-like'
import { QWEN_WINDOW_FIELDS, upperLayersSlide } from './qwen-windows'
import { LLAMA_FIELDS } from './shared-fields'

/** Qwen3 (arXiv:2505.09388): a Llama that norms each head of q and k. */
export const qwen3: Architecture = {
  names: ['Qwen3ForCausalLM'],
  gguf: { name: 'qwen3' },
  reads: [...LLAMA_FIELDS, ...QWEN_WINDOW_FIELDS, 'attention_bias'],
  describe: fields => ({
    ...llamaLike(fields, { headDim: 128, numKvHeads: 32, ...upperLayersSlide(fields) }),
    ...attentionBiases(fields),
    qkNorm: 'head',
    tensors: {
      ...LLAMA_TENSORS,
      layer: { ...LLAMA_TENSORS.layer, qNorm: { name: 'self_attn.q_norm' }, kNorm: { name: 'self_attn.k_norm' } },
    },
  }),
}
